import type { UserBlock } from "@parley/domain/Content"
import type { Segment } from "@parley/domain/ContextManifest"
import { segment } from "./Digest.ts"
import type { Section } from "./Section.ts"

/**
 * Digests of contents, by the path of the file or the id of the slot.
 *
 * @since 0.1.0
 * @category models
 */
export type Digests = { readonly [name: string]: string }

/**
 * Blocks of a message and their manifest. Segments with a size above 0 describe the blocks: one per block, in the same
 * order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Part {
  readonly blocks: ReadonlyArray<UserBlock>
  readonly segments: ReadonlyArray<Segment>
}

/**
 * A section as one block of well-formed text; nothing if it has no text.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofSection = (section: Section): Part =>
  section.text === ""
    ? { blocks: [], segments: [] }
    : { blocks: [{ _tag: "Text", text: section.text.toWellFormed() }], segments: [segment("round", section)] }

/**
 * The parts one after another.
 *
 * @since 0.1.0
 * @category functions
 */
export const join = (parts: ReadonlyArray<Part>): Part => ({
  blocks: parts.flatMap(({ blocks }) => blocks),
  segments: parts.flatMap(({ segments }) => segments)
})
