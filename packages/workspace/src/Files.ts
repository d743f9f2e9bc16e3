import type { ConfigError } from "@parley/domain/Errors"
import { byPath, FilesManager, type FileSet } from "@parley/domain/FilesManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { FileLimits } from "./FileLimits.ts"
import * as Disk from "./internal/Disk.ts"
import { FileCache } from "./internal/FileCache.ts"
import { ProjectFile } from "./internal/FileSettings.ts"
import { readFiles } from "./internal/ReadFiles.ts"
import { select } from "./internal/Select.ts"
import { monotonicMillis, type Skipped } from "./internal/Walk.ts"
import * as JsonFile from "./JsonFile.ts"
import { project } from "./Locations.ts"

export { ProjectFile }

/** Larger ignore files are not read: each of their lines may be compared with each name. */
const maxIgnoreBytes = 64 * 1024

/** As many as people will read. What the project names comes first; the rest is counted. */
const bounded = (
  skipped: ReadonlyArray<Skipped>,
  named: ReadonlySet<string>,
  limit: number
): ReadonlyArray<Skipped> => {
  const rank = ({ path }: Skipped) => (named.has(path) ? 0 : 1)
  const first = [...skipped].sort((a, b) => rank(a) - rank(b) || byPath(a, b)).slice(0, limit)
  const rest = skipped.length - first.length
  return [...first.sort(byPath), ...(rest === 0 ? [] : [{ path: "…", reason: `${rest} more are skipped as well` }])]
}

/** The real path of the workspace, which may also be closed to us: then nothing can be said of what is in it. */
const entered = Effect.fnUntraced(function* (root: string) {
  const real = yield* Disk.realpath(root)
  yield* Effect.catchIf(
    Disk.kind(project(real).directory),
    ({ code }) => code !== "EACCES",
    () => Effect.void
  )
  return real
})

const readWith = Effect.fnUntraced(function* (root: string, cache: FileCache) {
  const limits = yield* FileLimits
  const found = yield* Effect.result(entered(root))
  if (Result.isFailure(found)) {
    return { files: [], skipped: [{ path: root, reason: `the workspace: ${found.failure.problem}` }] }
  }
  const real = found.success
  const document = yield* JsonFile.read({ path: project(real).contextFile, within: real }, ProjectFile)
  if (Option.isNone(document)) return { files: [], skipped: [] }
  const settings = document.value.value

  cache.begin()
  const deadline = (yield* monotonicMillis) + limits.millis
  const load = (path: string) =>
    Disk.identify(Disk.join(real, path), real).pipe(
      Effect.flatMap((identity) => cache.load(real, path, identity, maxIgnoreBytes)),
      Effect.map(({ text }) => text)
    )
  const wanted = yield* select(settings, { root: real, limits, load, deadline })
  const { files, skipped } = yield* readFiles(wanted, settings, { root: real, limits, cache, deadline })
  yield* Effect.annotateCurrentSpan({
    "files.entries": wanted.seen,
    "files.taken": files.length,
    "files.opened": cache.opened
  })
  const named = new Set([...wanted.named, ...settings.include, ...settings.exclude])
  return { files, skipped: bounded([...wanted.skipped, ...skipped], named, limits.skipped) }
})

/**
 * The files that `.parley/context.json` includes, as they are now; none if there is no such file. Only regular text files
 * that really lie in the workspace are read, each as it was at one moment. Everything else that was asked for is in
 * `skipped`, with its reason: a missing or unreadable file, or workspace, never fails the round. An invalid
 * `context.json` does. What this may cost is bounded by `FileLimits`.
 */
export const read = Effect.fn("Files.read")((root: string): Effect.Effect<FileSet, ConfigError> =>
  readWith(root, new FileCache())
)

/**
 * Looks at the workspace anew each time the files are asked for. Files that have not changed since are not opened again:
 * their texts are kept, no more of them than one request shows.
 */
export const layer = (options: { readonly root: string }): Layer.Layer<never> =>
  Layer.sync(FilesManager, () => {
    const cache = new FileCache()
    const oneAtATime = Semaphore.makeUnsafe(1)
    const read = Effect.fn("Files.read")((): Effect.Effect<FileSet, ConfigError> =>
      Semaphore.withPermit(oneAtATime, readWith(options.root, cache))
    )
    return { read: Effect.suspend(read) }
  })
