import * as GitExcludes from "@parley/os/GitExcludes"
import { type Content, IgnoreFiles, maxBytes } from "@parley/os/IgnoreFiles"
import type { Unreadable } from "../disk/Unreadable.ts"
import { byPath, type Visits } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { FileLimits } from "./FileLimits.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { project } from "../config/Locations.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import { excluder, itselfOrAbove } from "./Exclude.ts"
import type { FileCache } from "./FileCache.ts"
import { none, ProjectFile } from "./FileSettings.ts"
import { readInstructions } from "./Instructions.ts"
import { readFiles } from "./ReadFiles.ts"
import * as RepositoryAbove from "./RepositoryAbove.ts"
import { select } from "./Select.ts"
import * as Visited from "./Visited.ts"
import { type IgnoreRules, monotonicMillis } from "./Walk.ts"

export const switchedOff = "switched off; `parley files activate` switches it on"

export interface Place {
  readonly root: string
  /** The user's own instructions. */
  readonly userFile?: string | undefined
  /** The directory in the workspace where the command was started; empty for the root. */
  readonly start?: string | undefined
  /** What the session has to do with besides the files that the workspace includes. */
  readonly visits?: Visits | undefined
  /** Environment variables that say where the user's configuration of git is. Default: those of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Whether the instructions of the repository above the workspace count. */
  readonly wholeRepository?: boolean | undefined
}

/** The real path of the workspace. Fails if the workspace must not be entered: then nothing is known about its files. */
export const entered = Effect.fnUntraced(function* (root: string) {
  const real = yield* SafeFile.realpath(root)
  yield* Effect.catchIf(
    SafeFile.kind(project(real).directory),
    ({ code }) => code !== "EACCES",
    () => Effect.void
  )
  return real
})

/** The ignore files of the workspace, and the rules of git that apply to all of it. */
export const ignoreFiles = Effect.fnUntraced(function* ({ env, root }: Pick<Place, "env" | "root">, cache: FileCache) {
  const outer = yield* GitExcludes.read(root, env)
  const load = Effect.fnUntraced(function* (path: string) {
    const file = SafeFile.join(root, path)
    // Git opens a `.gitignore` only if it is not a link. A `.parleyignore` is ours, and may be one.
    if (path.endsWith(".gitignore") && (yield* SafeFile.isLink(file))) return "link"
    const identity = yield* SafeFile.identify(file, root)
    const { text } = yield* cache.load(root, path, identity, maxBytes, "bytes")
    return { bytes: text } satisfies Content
  })
  const files: IgnoreRules = new IgnoreFiles<Unreadable>({ load, outer })
  files.skipped.push(...outer.skipped)
  return files
})

/** Reads the workspace once: the files to show, and the reasons why other requested files are not shown. */
export const look = Effect.fnUntraced(function* (place: Place, cache: FileCache) {
  const { env, root, start = "", userFile, visits, wholeRepository = false } = place
  const limits = yield* FileLimits
  cache.begin()
  const deadline = (yield* monotonicMillis) + limits.millis
  const found = yield* Effect.result(entered(root))
  if (Result.isFailure(found)) {
    const own = yield* readInstructions({ cache, limits, deadline, userFile, project: undefined })
    const skipped = [...own.skipped, { path: root, reason: `the workspace: ${found.failure.problem}` }]
    return { root, settings: none, files: own.files, skipped, named: new Set([root]), repeated: own.repeated, seen: 0 }
  }
  const real = found.success
  const document = yield* JsonFile.read({ path: project(real).contextFile, within: real }, ProjectFile)
  const declared = Option.match(document, { onNone: () => none, onSome: ({ value }) => value })
  const inactive = new Set(declared.inactive)
  const settings = { ...declared, exclude: [...declared.exclude, ...inactive] }

  const ignored = yield* ignoreFiles({ root: real, env }, cache)
  const wanted = yield* select(settings, { root: real, limits, ignoreFiles: ignored, deadline })
  const included = yield* readFiles(wanted, settings, { root: real, limits, cache, deadline })
  const entryFor = itselfOrAbove(excluder(settings.exclude))
  const excluded = (path: string) => entryFor(path) !== undefined
  const wantsInstructions = settings.instructions !== false
  const instructions = yield* readInstructions({
    cache,
    limits,
    deadline,
    userFile,
    project: wantsInstructions
      ? {
          root: real,
          files: included.files,
          visited: [`${start}/`, ...Visited.paths(visits)],
          names: settings.instructionNames ?? [],
          excluded,
          above: wholeRepository ? yield* RepositoryAbove.find(real, env?.["HOME"] ?? env?.["USERPROFILE"]) : undefined
        }
      : undefined
  })
  // A file that is both included and instructions is shown once, as instructions, or as a file if it is too large for that.
  const shown = new Set(instructions.files.map(({ path }) => path))
  const reported = new Set([...included.files, ...included.skipped, ...wanted.skipped].map(({ path }) => path))
  const skipped = instructions.skipped.filter(({ path }) => !reported.has(path))
  return {
    root: real,
    settings,
    files: [...instructions.files, ...included.files.filter(({ path }) => !shown.has(path))].sort(byPath),
    skipped: [
      ...declared.inactive.map((path) => ({ path, reason: switchedOff })),
      ...wanted.skipped.filter(({ path }) => !inactive.has(path)),
      ...included.skipped.filter(({ path }) => !shown.has(path)),
      ...skipped
    ],
    /** Paths that were requested by name. Reports mention them first, since the user is most interested in them. */
    named: new Set([...wanted.named, ...settings.include, ...settings.exclude, ...skipped.map(({ path }) => path)]),
    repeated: instructions.repeated,
    seen: wanted.seen
  }
})
export type ContextSnapshot = Effect.Success<ReturnType<typeof look>>
