import { dirname, join, resolve } from "node:path"
import { promises as fs } from "node:fs"
import * as Effect from "effect/Effect"
import * as ConfinedFile from "./ConfinedFile.ts"

/**
 * The git repository that a directory is in. All paths are absolute.
 *
 * @since 0.1.0
 * @category models
 */
export interface Repository {
  /** The directory that contains `.git`. */
  readonly top: string
  /** The directory of this worktree: the `.git` directory itself, or where the file `.git` leads. */
  readonly gitDirectory: string
  /** The directory that all worktrees of the repository share. It has the configuration and `info/exclude`. */
  readonly commonDirectory: string
}

/** The most bytes that are read of a file in a repository's own directory. */
const most = 1024 * 1024

/**
 * The text of a regular file anywhere, by its real path; undefined if there is none that can be read.
 *
 * @since 0.1.0
 * @category functions
 */
export const textOf = (path: string, limit = most): Effect.Effect<string | undefined> =>
  ConfinedFile.resolve(undefined, path).pipe(
    Effect.flatMap((place) =>
      Effect.flatMap(ConfinedFile.inspect(place), (found) =>
        Effect.andThen(ConfinedFile.regular(found, limit), ConfinedFile.open(place, found))
      )
    ),
    Effect.flatMap(({ handle }) => ConfinedFile.read(handle, limit)),
    Effect.map(({ bytes }) => new TextDecoder().decode(bytes)),
    Effect.scoped,
    ConfinedFile.retryChanged,
    Effect.orElseSucceed(() => undefined)
  )

/** Where a `.git` leads: itself if it is a directory, otherwise the path in it. Undefined if it is neither. */
const gitDirectoryOf = Effect.fnUntraced(function* (top: string) {
  const mark = join(top, ".git")
  const found = yield* Effect.orElseSucceed(
    ConfinedFile.attempt(() => fs.stat(mark)),
    () => undefined
  )
  if (found === undefined) return undefined
  const path = found.isDirectory() ? mark : /^gitdir: (.+?)\r?\n*$/.exec((yield* textOf(mark)) ?? "")?.[1]
  if (path === undefined) return undefined
  const directory = resolve(top, path)
  // A directory without a HEAD is not a repository; git goes on with the directory above.
  return (yield* textOf(join(directory, "HEAD"))) === undefined ? undefined : directory
})

/**
 * The repository whose top is this directory, if any. Starts no program, and reads nothing but the repository's own files.
 *
 * @since 0.1.0
 * @category functions
 */
export const at = Effect.fnUntraced(function* (top: string) {
  const gitDirectory = yield* gitDirectoryOf(top)
  if (gitDirectory === undefined) return undefined
  const common = (yield* textOf(join(gitDirectory, "commondir")))?.trim()
  const commonDirectory = common === undefined || common === "" ? gitDirectory : resolve(gitDirectory, common)
  return { top, gitDirectory, commonDirectory } satisfies Repository
})

/**
 * The repository that a directory is in: the nearest one from the directory upwards. `directory` is a real path.
 *
 * @since 0.1.0
 * @category functions
 */
export const around = Effect.fnUntraced(function* (directory: string) {
  for (let top = directory; ; top = dirname(top)) {
    const found = yield* at(top)
    if (found !== undefined || dirname(top) === top) return found
  }
})
