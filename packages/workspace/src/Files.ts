import type { ConfigError } from "@parley/domain/Errors"
import { type Accepts, byPath, FilesManager, type FileSet } from "@parley/domain/FilesManager"
import type { Withheld } from "@parley/domain/ReadFence"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { FileLimits } from "./FileLimits.ts"
import { attach } from "./internal/Attach.ts"
import * as Barrier from "./internal/Barrier.ts"
import { FileCache } from "./internal/FileCache.ts"
import { ProjectFile } from "./internal/FileSettings.ts"
import { ignoreFile, look, type Place } from "./internal/Looked.ts"
import type { Skipped } from "./internal/Walk.ts"
import { whyNot } from "./internal/WhyNot.ts"

export { ProjectFile }

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
 * The files that `.parley/context.json` includes, as they are now, and the instructions for who works there: AGENTS.md and
 * CLAUDE.md of the workspace and of the directories that included files are in, unless the project switches them off. Only
 * regular text files that really lie in the workspace are read, each as it was at one moment. Everything else that was asked
 * for is in `skipped`, with its reason: a missing or unreadable file, or workspace, never fails the round. An invalid
 * `context.json` does. What this may cost is bounded by `FileLimits`.
 */
export const read = Effect.fn("Files.read")((root: string, withheld?: Withheld): Effect.Effect<FileSet, ConfigError> =>
  Barrier.make(withheld).project(readWith({ root }, new FileCache()))
)

export interface Options {
  readonly root: string
  /** A file of the user's own, outside of any workspace, with instructions for all of them. It need not exist. */
  readonly instructionsFile?: string | undefined
  /** What is shown to no model, whatever a project or a message says, and which files may hold secrets. */
  readonly withheld?: Withheld | undefined
}

/**
 * Looks at the workspace anew each time the files are asked for. Files that have not changed since are not opened again:
 * their texts are kept, no more of them than one request shows. What a message mentions is read once, and not kept.
 */
export const layer = ({ instructionsFile, root, withheld }: Options): Layer.Layer<never> =>
  Layer.sync(FilesManager, () => {
    const place: Place = { root, userFile: instructionsFile }
    const cache = new FileCache()
    const barriers = Barrier.make(withheld)
    const oneAtATime = Semaphore.makeUnsafe(1)
    const read = Effect.fn("Files.read")((): Effect.Effect<FileSet, ConfigError> =>
      Semaphore.withPermit(oneAtATime, barriers.project(readWith(place, cache)))
    )
    const explain = Effect.fn("Files.explain")(function* (path: string) {
      const own = new FileCache()
      const looked = yield* look(place, own)
      return yield* whyNot(path, looked, ignoreFile(looked.root, own))
    }, barriers.project)
    return {
      read: Effect.suspend(read),
      attach: Effect.fn("Files.attach")((text: string, accepts: Accepts) => barriers.user(attach(root, text, accepts))),
      explain
    }
  })
