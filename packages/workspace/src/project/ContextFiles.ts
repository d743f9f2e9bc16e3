import type { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { refusal } from "../files/Exclude.ts"
import { ProjectFile, type Settings } from "../files/FileSettings.ts"
import { quote } from "../json/Json.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { project, type Workspace } from "../config/Locations.ts"
import * as HostPath from "../disk/HostPath.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as Pattern from "../files/Pattern.ts"
import * as WorkspacePaths from "../files/WorkspacePaths.ts"

/**
 * A change to the included files that cannot be made. Nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class FilesError extends Schema.TaggedError<FilesError>()("FilesError", {
  problem: Schema.String,
  /** Set when the settings do not contain an entry that is to be changed. */
  missing: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message(): string {
    return this.problem
  }
}

type List = "include" | "inactive"

/** Changes `.parley/context.json` and preserves its comments and everything else in it. */
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

/** The changes that append the missing entries. A list that is missing or empty is written as a whole. */
const append = (settings: Settings, list: List, entries: ReadonlyArray<string>): ReadonlyArray<JsonFile.Change> => {
  const there = settings[list]
  const added = [...new Set(entries)].filter((entry) => !there.includes(entry))
  if (added.length === 0) return []
  return there.length === 0
    ? [{ path: [list], value: added }]
    : added.map((value, i) => ({ path: [list, there.length + i], value }))
}

/** The changes that remove entries, from the last to the first, so that no change moves the index of another. */
const drop = (settings: Settings, list: List, entries: ReadonlyArray<string>): ReadonlyArray<JsonFile.Change> =>
  settings[list]
    .flatMap((entry, i) => (entries.includes(entry) ? [{ path: [list, i], value: undefined }] : []))
    .toReversed()

const missing = (settings: Settings, list: List, entries: ReadonlyArray<string>, root: string) => {
  const unknown = entries.filter((entry) => !settings[list].includes(entry))
  return unknown.length === 0
    ? undefined
    : new FilesError({
        problem: `${list} of ${project(root).contextFile} does not contain ${unknown.map(quote).join(", ")}`,
        missing: true
      })
}

/**
 * A path or pattern as it is in the file, and whether it is one of a file that does not exist.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly entry: string
  readonly isMissing: boolean
}

/**
 * The entries that a user means in the directory `start` of the workspace: an entry that `known` has as it is, the path of an
 * existing file relative to `start` or to the root, and otherwise what is relative to `start`. Fails if it leads out of the
 * workspace.
 *
 * @since 0.1.0
 * @category functions
 */
export const located = Effect.fn("ContextFiles.located")(function* (
  { root, start = "" }: Pick<Workspace, "root" | "start">,
  given: ReadonlyArray<string>,
  known: ReadonlyArray<string> = []
) {
  return yield* Effect.forEach(given, (entry) =>
    Effect.gen(function* () {
      if (known.includes(entry)) return { entry, isMissing: false } satisfies Entry
      const possible = WorkspacePaths.located(entry, { root, start }, HostPath.platform).filter((path) => path !== "")
      const [first] = possible
      if (first === undefined)
        return yield* new FilesError({
          problem: `${quote(entry)}: ${WorkspacePaths.notLocated(entry, HostPath.platform)}`
        })
      const there = yield* Effect.filter(possible, (path) => Effect.isSuccess(SafeFile.kind(SafeFile.join(root, path))))
      const isPattern = Pattern.isPattern(first)
      // An entry that is relative to the root is kept as it is written.
      const chosen = there[0] ?? first
      const kept = WorkspacePaths.normalise(entry) === chosen ? entry : chosen
      return { entry: kept, isMissing: there.length === 0 && !isPattern } satisfies Entry
    })
  )
})

/**
 * The entries that `.parley/context.json` has now.
 *
 * @since 0.1.0
 * @category functions
 */
export const entries = Effect.fn("ContextFiles.entries")(function* (root: string) {
  const document = yield* JsonFile.read({ path: project(root).contextFile, within: root }, ProjectFile)
  return Option.match(document, { onNone: () => [], onSome: ({ value }) => [...value.include, ...value.inactive] })
})

/**
 * Includes paths or patterns. Entries that are included already stay unchanged.
 *
 * @since 0.1.0
 * @category functions
 */
export const add = Effect.fn("ContextFiles.add")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => Result.succeed(append(settings, "include", entries)))
)

/**
 * Removes entries from `include` and `inactive`. Fails with a `FilesError` if one of them is not included.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = Effect.fn("ContextFiles.remove")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => {
    const problem = missing(settings, "include", entries, root)
    return problem === undefined
      ? Result.succeed([...drop(settings, "include", entries), ...drop(settings, "inactive", entries)])
      : Result.fail(problem)
  })
)

/**
 * Switches entries off: they stay in `include`, but are not shown to a model until they are switched on again.
 *
 * @since 0.1.0
 * @category functions
 */
export const deactivate = Effect.fn("ContextFiles.deactivate")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => Result.succeed(append(settings, "inactive", entries)))
)

/**
 * Switches entries on again. Fails with a `FilesError` if one of them is not switched off.
 *
 * @since 0.1.0
 * @category functions
 */
export const activate = Effect.fn("ContextFiles.activate")((root: string, entries: ReadonlyArray<string>) =>
  changing(root, entries, (settings) => {
    const problem = missing(settings, "inactive", entries, root)
    return problem === undefined ? Result.succeed(drop(settings, "inactive", entries)) : Result.fail(problem)
  })
)
