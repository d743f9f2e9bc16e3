import type { ConfigError } from "@parley/domain/Errors"
import { type Accepts, byPath, FilesManager, type FileSet, type Visits } from "@parley/domain/FilesManager"
import type { Withheld } from "@parley/domain/ReadFence"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { FileLimits } from "./FileLimits.ts"
import { attach } from "./Attach.ts"
import * as ReadBarrier from "@parley/os/ReadBarrier"
import { FileCache } from "./FileCache.ts"
import { ProjectFile } from "./FileSettings.ts"
import { ignoreFiles, look, type Place } from "./ContextSnapshot.ts"
import type { Skipped } from "./Walk.ts"
import { meantBy, whyNot } from "./WhyNot.ts"

export { ProjectFile }

/** Limits the skipped entries to `limit`, so that users can read them. Entries that the project names come first. */
const bounded = (
  skipped: ReadonlyArray<Skipped>,
  named: ReadonlySet<string>,
  limit: number
): ReadonlyArray<Skipped> => {
  const rank = ({ path }: Skipped) => (named.has(path) ? 0 : 1)
  const first = [...skipped].sort((a, b) => rank(a) - rank(b) || byPath(a, b)).slice(0, limit)
  const rest = skipped.length - first.length
  return [...first.sort(byPath), ...(rest === 0 ? [] : [{ path: "…", reason: `${rest} more are skipped` }])]
}

const readWith = Effect.fnUntraced(function* (place: Place, cache: FileCache) {
  const limits = yield* FileLimits
  const { files, named, seen, skipped } = yield* look(place, cache)
  yield* Effect.annotateCurrentSpan({
    "files.entries": seen,
    "files.taken": files.length,
    "files.opened": cache.opened
  })
  return { files, skipped: bounded(skipped, named, limits.skipped) }
})

/**
 * The files that `.parley/context.json` includes, as they are now, and the project's instructions: AGENTS.md and CLAUDE.md
 * of the workspace and of the directories of included files, unless the project switches them off. Only regular text files
 * whose real paths are in the workspace are read, each as it was at one moment. Everything else that was requested is in
 * `skipped` with the reason: a missing or unreadable file or workspace never fails the round. An invalid `context.json`
 * fails with a `ConfigError`. `FileLimits` bounds the cost.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("Files.read")((root: string, withheld?: Withheld): Effect.Effect<FileSet, ConfigError> =>
  ReadBarrier.make(withheld).project(readWith({ root }, new FileCache()))
)

/**
 * Options of `layer`. `root` is the absolute path of the workspace.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly root: string
  /** The user's own file with instructions for every workspace. It is outside of any workspace and need not exist. */
  readonly instructionsFile?: string | undefined
  /** The files that are never shown to a model, not even if a message mentions them, and those that may contain secrets. */
  readonly withheld?: Withheld | undefined
  /**
   * The directory in the workspace where the command was started, relative to the root and with `/`. Mentions are relative to
   * it, and the instructions from the root to it are shown. Default: the root.
   */
  readonly start?: string | undefined
  /** Environment variables that say where the user's configuration of git is. Default: those of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * If the workspace is a directory in a git repository, such as a package of a monorepo, the instructions from the top of the
   * repository to the workspace are shown as well. Default: false.
   */
  readonly wholeRepository?: boolean | undefined
}

/**
 * Reads the workspace each time the files are requested. Unchanged files are not opened again: their texts are cached, no
 * more of them than one request contains. Files that a message mentions are read once and not cached.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = ({ env, instructionsFile, root, start = "", ...more }: Options): Layer.Layer<never> =>
  Layer.sync(FilesManager, () => {
    const { wholeRepository, withheld } = more
    const place: Place = { root, start, userFile: instructionsFile, env, wholeRepository }
    const cache = new FileCache()
    const barriers = ReadBarrier.make(withheld)
    const oneAtATime = Semaphore.makeUnsafe(1)
    const read = Effect.fn("Files.read")((visits?: Visits): Effect.Effect<FileSet, ConfigError> =>
      Semaphore.withPermit(oneAtATime, barriers.project(readWith({ ...place, visits }, cache)))
    )
    const explain = Effect.fn("Files.explain")(function* (path: string) {
      const own = new FileCache()
      const looked = yield* look(place, own)
      return yield* whyNot(
        yield* meantBy(path, start, looked),
        looked,
        yield* ignoreFiles({ root: looked.root, env }, own)
      )
    }, barriers.project)
    return {
      read: Effect.suspend(() => read()),
      readFor: read,
      attach: Effect.fn("Files.attach")((text: string, accepts: Accepts) =>
        barriers.user(attach(root, start, text, accepts))
      ),
      explain
    }
  })
