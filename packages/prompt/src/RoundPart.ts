import type { Environment } from "@parley/domain/Environment"
import type { Attachment, WorkspaceFile } from "@parley/domain/FilesManager"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { file } from "./Baseline.ts"
import { digest } from "./Digest.ts"
import * as Dynamic from "./Dynamic.ts"
import * as Mentioned from "./Mentioned.ts"
import { type Digests, join, ofSection, type Part } from "./Part.ts"
import { type Pin, pins } from "./Pins.ts"
import type { Section } from "./Section.ts"

export interface RoundPartInput {
  readonly prompt: SystemPrompt
  readonly environment: Environment
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the model has been shown of files: path to content digest, empty when it was told the file is gone. */
  readonly shown: Digests
  readonly files: ReadonlyArray<WorkspaceFile>
  /** What the model has been shown of dynamic context: slot to digest, empty when it was told the slot is gone. */
  readonly shownSlots: Digests
  readonly dynamic: ReadonlyArray<DynamicResult>
  readonly attachments: ReadonlyArray<Attachment>
  /** What is pinned, if the model has not been shown it as it is. */
  readonly pins: ReadonlyArray<Pin>
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
    text: `Date and time: ${weekdays[DateTime.toParts(zoned).weekDay]} ${iso} (${DateTime.zoneToString(zoned.zone)})`,
    why: "the prompt of this workspace wants it said in every round",
    provenance: "parley"
  }
}

export const removed = (path: string): Section => ({
  source: `file:${path}`,
  text: `The file ${JSON.stringify(path)} is no longer part of the context.`,
  why: "it was shown before",
  // Its name may be anyone's words.
  provenance: "outside"
})

/** A file that the baseline does not hold as it is now. */
const again = (entry: WorkspaceFile, known: boolean): Section => {
  const since = known ? "changed since it was shown" : "new since the last baseline"
  return { ...file(entry), why: entry.why === undefined ? since : `${entry.why}; ${since}` }
}

/**
 * Renders what one round adds to its user message: the date, what is pinned, files that changed since the model last saw
 * them, files that are gone, what is new of dynamic context, and what the message mentions. Empty when there is nothing to
 * say. `files` and `slots` are the digests to remember as shown.
 */
export const render = (
  input: RoundPartInput
): Part & {
  readonly files: Digests
  readonly slots: Digests
} => {
  const current = Object.fromEntries(input.files.map(({ path, text }) => [path, digest(text)]))
  const changed = input.files.filter(({ path }) => input.shown[path] !== current[path])
  const gone = Object.keys(input.shown)
    .filter((path) => input.shown[path] !== "" && !Object.hasOwn(current, path))
    .sort()
  const dynamic = Dynamic.render(input.dynamic, input.shownSlots)
  const part = join([
    ...(input.prompt.includeDateTime ? [ofSection(dateTime(input.now, input.environment.timeZone))] : []),
    ofSection(pins(input.pins)),
    ...changed.map((entry) => ofSection(again(entry, Object.hasOwn(input.shown, entry.path)))),
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
