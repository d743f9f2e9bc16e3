import type { Environment } from "@parley/domain/Environment"
import type { Attachment, WorkspaceFile } from "@parley/domain/FilesManager"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { file } from "./Baseline.ts"
import { digest } from "./Digest.ts"
import * as Dynamic from "./Dynamic.ts"
import * as FileChange from "./FileChange.ts"
import * as Mentioned from "./Mentioned.ts"
import { type Digests, join, ofSection, type Part } from "./Part.ts"
import { type Pin, pins } from "./Pins.ts"
import type { Section } from "./Section.ts"

/**
 * What a round's part of the user message is rendered from.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoundPartInput {
  readonly prompt: SystemPrompt
  readonly environment: Environment
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The files that the model has received: path to content digest, which is empty if the file was reported as removed. */
  readonly shown: Digests
  readonly files: ReadonlyArray<WorkspaceFile>
  /**
   * What the request shows of a file before this round, if all of it is in view. Files that changed little are then shown as
   * a diff. Without it, they are shown whole.
   */
  readonly earlier?: ((path: string) => FileChange.Earlier | undefined) | undefined
  /** The slots that the model has received: slot to digest, which is empty if the slot was reported as removed. */
  readonly shownSlots: Digests
  readonly dynamic: ReadonlyArray<DynamicResult>
  readonly attachments: ReadonlyArray<Attachment>
  /** The pinned texts; empty if the model has already received the current ones. */
  readonly pins: ReadonlyArray<Pin>
}

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

/**
 * The date and time of the round in the user's time zone. An unknown time zone is treated as UTC.
 *
 * @since 0.1.0
 * @category functions
 */
export const dateTime = (now: number, timeZone: string): Section => {
  const zoned = Option.getOrElse(DateTime.makeZoned(now, { timeZone }), () =>
    DateTime.makeZonedUnsafe(now, { timeZone: "UTC" })
  )
  const iso = DateTime.formatIsoOffset(zoned).replace(/\.\d+/, "")
  return {
    source: "date",
    text: `Date and time: ${weekdays[DateTime.toParts(zoned).weekDay]} ${iso} (${DateTime.zoneToString(zoned.zone)})`,
    why: "the prompt of this workspace wants it said in every round",
    provenance: "parley"
  }
}

/**
 * The section that reports that a file is no longer part of the context.
 *
 * @since 0.1.0
 * @category functions
 */
export const removed = (path: string): Section => ({
  source: `file:${path}`,
  text: `The file ${JSON.stringify(path)} is no longer part of the context.`,
  why: "it was shown before",
  // Anyone may have chosen the file's name.
  provenance: "outside"
})

/** A file whose current content the model has not received. */
const again = (entry: WorkspaceFile, known: boolean, earlier: RoundPartInput["earlier"]): Section => {
  const shown = known ? earlier?.(entry.path) : undefined
  const diff = shown === undefined ? undefined : FileChange.change(entry, shown)
  const since = known
    ? `changed since it was shown${diff === undefined ? "" : ", as a diff"}`
    : "new since the last baseline"
  return { ...(diff ?? file(entry)), why: entry.why === undefined ? since : `${entry.why}; ${since}` }
}

/**
 * A rendered round part, and what it shows of files and slots.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rendered extends Part {
  readonly files: Digests
  readonly slots: Digests
}

/**
 * Renders what a round adds to its user message: date and time, pinned texts, files that changed or were removed since
 * the model last received them, new values of slots, and attachments. Empty if there is nothing to add. `files` and
 * `slots` of the result are the digests to add to what the model has received.
 *
 * @since 0.1.0
 * @category conversions
 */
export const render = (input: RoundPartInput): Rendered => {
  const current = Object.fromEntries(input.files.map(({ path, text }) => [path, digest(text)]))
  const changed = input.files.filter(({ path }) => input.shown[path] !== current[path])
  const gone = Object.keys(input.shown)
    .filter((path) => input.shown[path] !== "" && !Object.hasOwn(current, path))
    .sort()
  const dynamic = Dynamic.render(input.dynamic, input.shownSlots)
  const part = join([
    ...(input.prompt.includeDateTime ? [ofSection(dateTime(input.now, input.environment.timeZone))] : []),
    ofSection(pins(input.pins)),
    ...changed.map((entry) => ofSection(again(entry, Object.hasOwn(input.shown, entry.path), input.earlier))),
    ...gone.map((path) => ofSection(removed(path))),
    dynamic,
    ...input.attachments.map((attachment) => Mentioned.render(attachment, current))
  ])
  return {
    ...part,
    files: Object.fromEntries([
      ...changed.map(({ path }) => [path, current[path] ?? ""] as const),
      ...gone.map((path) => [path, ""] as const)
    ]),
    slots: dynamic.slots
  }
}
