import { byPath } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { FileLimits } from "../FileLimits.ts"
import * as JsonFile from "../JsonFile.ts"
import { project } from "../Locations.ts"
import * as Disk from "./Disk.ts"
import { excluder, itselfOrAbove } from "./Exclude.ts"
import type { FileCache } from "./FileCache.ts"
import { none, ProjectFile } from "./FileSettings.ts"
import { readInstructions } from "./Instructions.ts"
import { readFiles } from "./ReadFiles.ts"
import { select } from "./Select.ts"
import { monotonicMillis } from "./Walk.ts"

/** Larger ignore files are not read: each of their lines may be compared with each name. */
const maxIgnoreBytes = 64 * 1024

export const switchedOff = "switched off; `parley files activate` switches it on"

export interface Place {
  readonly root: string
  /** The user's own instructions. */
  readonly userFile?: string | undefined
}

/** The real path of the workspace, which may also be closed to us: then nothing can be said of what is in it. */
export const entered = Effect.fnUntraced(function* (root: string) {
  const real = yield* Disk.realpath(root)
  yield* Effect.catchIf(
    Disk.kind(project(real).directory),
    ({ code }) => code !== "EACCES",
    () => Effect.void
  )
  return real
})

/** The text of an ignore file of the workspace. */
export const ignoreFile = (root: string, cache: FileCache) => (path: string) =>
  Disk.identify(Disk.join(root, path), root).pipe(
    Effect.flatMap((identity) => cache.load(root, path, identity, maxIgnoreBytes)),
    Effect.map(({ text }) => text)
  )

/** All that one look at a workspace tells: what is shown, and what came of everything else that was asked for. */
export const look = Effect.fnUntraced(function* ({ root, userFile }: Place, cache: FileCache) {
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

  const wanted = yield* select(settings, { root: real, limits, load: ignoreFile(real, cache), deadline })
  const included = yield* readFiles(wanted, settings, { root: real, limits, cache, deadline })
  const entryFor = itselfOrAbove(excluder(settings.exclude))
  const excluded = (path: string) => entryFor(path) !== undefined
  const wantsInstructions = settings.instructions !== false
  const instructions = yield* readInstructions({
    cache,
    limits,
    deadline,
    userFile,
    project: wantsInstructions ? { root: real, files: included.files, excluded } : undefined
  })
  // What is both included and instructions is shown once, as the latter; what is too large for that is a file like others.
  const shown = new Set(instructions.files.map(({ path }) => path))
  const told = new Set([...included.files, ...included.skipped, ...wanted.skipped].map(({ path }) => path))
  const skipped = instructions.skipped.filter(({ path }) => !told.has(path))
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
    /** What was asked for by name, which people want to know of first. */
    named: new Set([...wanted.named, ...settings.include, ...settings.exclude, ...skipped.map(({ path }) => path)]),
    repeated: instructions.repeated,
    seen: wanted.seen
  }
})
export type Looked = Effect.Success<ReturnType<typeof look>>
