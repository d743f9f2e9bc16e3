import { type ResultContent, textOf, type UserBlock } from "@parley/domain/Content"
import type { Segment } from "@parley/domain/ContextManifest"
import type { Environment } from "@parley/domain/Environment"
import type { WorkspaceFile } from "@parley/domain/FilesManager"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { file } from "./Baseline.ts"
import { digest, segment } from "./Digest.ts"
import { fence } from "./Fence.ts"
import { present, type Section } from "./Section.ts"

export interface RoundPartInput {
  readonly prompt: SystemPrompt
  readonly environment: Environment
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the model has been shown so far: path to content digest, empty when it was told the file is gone. */
  readonly shown: { readonly [path: string]: string }
  readonly files: ReadonlyArray<WorkspaceFile>
  readonly dynamic: ReadonlyArray<DynamicResult>
}

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

/** The moment of the round in the user's time zone; an unknown zone is read as UTC. */
export const dateTime = (now: number, timeZone: string): Section => {
  const zoned = Option.getOrElse(DateTime.makeZoned(now, { timeZone }), () =>
    DateTime.makeZonedUnsafe(now, { timeZone: "UTC" })
  )
  const iso = DateTime.formatIsoOffset(zoned).replace(/\.\d+/, "")
  return {
    source: "date",
    text: `Date and time: ${weekdays[DateTime.toParts(zoned).weekDay]} ${iso} (${DateTime.zoneToString(zoned.zone)})`
  }
}

export const removed = (path: string): Section => ({
  source: `file:${path}`,
  text: `The file ${JSON.stringify(path)} is no longer part of the context.`
})

const words = (result: ReadonlyArray<ResultContent>): string => {
  const other = result.filter((block) => block._tag !== "Text").map((block) => `[${block.mediaType}, below]`)
  return [textOf(result), ...other].filter((text) => text !== "").join("\n")
}

export const dynamic = (entry: DynamicResult): Section => ({
  source: `dynamic:${entry.slot}`,
  text: fence(
    "context",
    { name: entry.slot, tool: entry.toolName, ...(entry.isError ? { error: "true" } : {}) },
    words(entry.result)
  )
})

/**
 * Renders what one round adds to its user message: the date, files that changed since the model last saw them, files that
 * are gone, and dynamic context. Empty when there is nothing to say. `files` are the digests to remember as shown.
 */
export const render = (
  input: RoundPartInput
): {
  readonly blocks: ReadonlyArray<UserBlock>
  readonly files: { readonly [path: string]: string }
  readonly segments: ReadonlyArray<Segment>
} => {
  const changed = input.files.flatMap((entry) => {
    const hash = digest(entry.text)
    return input.shown[entry.path] === hash ? [] : [{ entry, hash }]
  })
  const current = new Set(input.files.map(({ path }) => path))
  const gone = Object.keys(input.shown)
    .filter((path) => input.shown[path] !== "" && !current.has(path))
    .sort()
  const sections = present([
    ...(input.prompt.includeDateTime ? [dateTime(input.now, input.environment.timeZone)] : []),
    ...changed.map(({ entry }) => file(entry)),
    ...gone.map(removed),
    ...input.dynamic.map(dynamic)
  ])
  const media = input.dynamic.flatMap((entry) => entry.result.filter((block) => block._tag !== "Text"))
  return {
    blocks: [...sections.map(({ text }): UserBlock => ({ _tag: "Text", text })), ...media],
    files: Object.fromEntries([
      ...changed.map(({ entry, hash }) => [entry.path, hash] as const),
      ...gone.map((path) => [path, ""] as const)
    ]),
    segments: sections.map((section) => segment("round", section))
  }
}
