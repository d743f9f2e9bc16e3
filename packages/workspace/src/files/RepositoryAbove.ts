import * as Repository from "@parley/os/Repository"
import * as Effect from "effect/Effect"
import { posix } from "node:path"
import * as RootDirectory from "../disk/RootDirectory.ts"
import * as SafeFile from "../disk/SafeFile.ts"

/** The directories of a git repository that are above a workspace in it. */
export interface RepositoryAbove {
  /** The repository's top, a real path. */
  readonly root: string
  /** From the top down to the parent of the workspace, relative to the top; the top is empty. */
  readonly directories: ReadonlyArray<string>
  /** How a path relative to the top is shown: relative to the workspace, with `..`. */
  readonly named: (path: string) => string
}

/**
 * The part of the repository that is above a workspace, if the workspace is a directory in one, such as a package of a monorepo.
 * The home directory and those above it never belong to it, and neither does anything that another user could have written.
 * `root` is a real path.
 */
export const find = Effect.fnUntraced(function* (root: string, home: string | undefined) {
  const top = (yield* Repository.around(root))?.top
  if (top === undefined || top === root) return undefined
  const isHomeOrAbove = yield* RootDirectory.homesAndAbove(home)
  if (yield* isHomeOrAbove(top)) return undefined
  const path = SafeFile.relativeTo(top, root)
  const segments = path.split("/").slice(0, -1)
  const directories = ["", ...segments.map((_, i) => segments.slice(0, i + 1).join("/"))]
  const places = [
    ...directories.map((directory) => SafeFile.join(top, directory)),
    ...(yield* RootDirectory.marksOf(top))
  ]
  const distrusted = yield* Effect.result(RootDirectory.distrusted(places))
  if (distrusted._tag === "Failure" || distrusted.success !== undefined) return undefined
  return { root: top, directories, named: (shown) => posix.relative(path, shown) } satisfies RepositoryAbove
})
