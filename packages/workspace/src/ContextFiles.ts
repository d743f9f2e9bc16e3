import type { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { refusal } from "./internal/Exclude.ts"
import { ProjectFile, type Settings } from "./internal/FileSettings.ts"
import { quote } from "./internal/Json.ts"
import * as JsonFile from "./JsonFile.ts"
import { project } from "./Locations.ts"

/** A change to the context's files that cannot be made. Nothing was changed. */
export class FilesError extends Schema.TaggedError<FilesError>()("FilesError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

type List = "include" | "inactive"

/** Changes `.parley/context.json`, and leaves its comments and everything else in it as they are. */
const changing = (
  root: string,
  entries: ReadonlyArray<string>,
  changes: (settings: Settings) => Result.Result<ReadonlyArray<JsonFile.Change>, FilesError>
): Effect.Effect<void, ConfigError | FilesError> => {
  const bad = entries.flatMap((entry) => {
    const reason = refusal(entry)
    return reason === undefined ? [] : [`${quote(entry)} is ${reason}`]
  })
  return bad.length > 0
    ? Effect.fail(new FilesError({ problem: bad.join("; ") }))
    : JsonFile.update({ path: project(root).contextFile, within: root }, ProjectFile, changes)
}

/** One change for each entry that is not there yet: a list that is missing is written as a whole. */
const append = (settings: Settings, list: List, entries: ReadonlyArray<string>): ReadonlyArray<JsonFile.Change> => {
  const there = settings[list]
  const added = [...new Set(entries)].filter((entry) => !there.includes(entry))
  if (added.length === 0) return []
  return there.length === 0
    ? [{ path: [list], value: added }]
    : added.map((value, i) => ({ path: [list, there.length + i], value }))
}

/** From the last to the first, so that no change moves the place of another. */
const drop = (settings: Settings, list: List, entries: ReadonlyArray<string>): ReadonlyArray<JsonFile.Change> =>
  settings[list]
    .flatMap((entry, i) => (entries.includes(entry) ? [{ path: [list, i], value: undefined }] : []))
    .toReversed()

const missing = (settings: Settings, list: List, entries: ReadonlyArray<string>, root: string) => {
  const unknown = entries.filter((entry) => !settings[list].includes(entry))
  return unknown.length === 0
    ? undefined
    : new FilesError({
        problem: `${list} of ${project(root).contextFile} does not hold ${unknown.map(quote).join(", ")}; \`parley files list\` shows what it holds`
      })
}

/** Includes paths or patterns. Those that are included already stay as they are. */
export const add = Effect.fn("ContextFiles.add")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => Result.succeed(append(settings, "include", entries)))
)

/** Takes entries out of what is included, and out of what is switched off. */
export const remove = Effect.fn("ContextFiles.remove")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => {
    const problem = missing(settings, "include", entries, root)
    return problem === undefined
      ? Result.succeed([...drop(settings, "include", entries), ...drop(settings, "inactive", entries)])
      : Result.fail(problem)
  })
)

/** Switches files off: they stay included, and are not shown until they are switched on again. */
export const deactivate = Effect.fn("ContextFiles.deactivate")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => Result.succeed(append(settings, "inactive", entries)))
)

export const activate = Effect.fn("ContextFiles.activate")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => {
    const problem = missing(settings, "inactive", entries, root)
    return problem === undefined ? Result.succeed(drop(settings, "inactive", entries)) : Result.fail(problem)
  })
)
