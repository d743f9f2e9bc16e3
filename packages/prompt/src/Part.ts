import type { UserBlock } from "@parley/domain/Content"
import type { Segment } from "@parley/domain/ContextManifest"
import { segment } from "./Digest.ts"
import type { Section } from "./Section.ts"

export type Digests = { readonly [name: string]: string }

/** What a part of a message holds, and the segments that say so: those with bytes stand for the blocks, one for one. */
export interface Part {
  readonly blocks: ReadonlyArray<UserBlock>
  readonly segments: ReadonlyArray<Segment>
}

export const ofSection = (section: Section): Part =>
  section.text === ""
    ? { blocks: [], segments: [] }
    : { blocks: [{ _tag: "Text", text: section.text }], segments: [segment("round", section)] }

export const join = (parts: ReadonlyArray<Part>): Part => ({
  blocks: parts.flatMap(({ blocks }) => blocks),
  segments: parts.flatMap(({ segments }) => segments)
})
