import { describeFault, repairCommand } from "@parley/domain/Ownership"
import * as Effect from "effect/Effect"
import type { BigIntStats } from "node:fs"
import * as fs from "node:fs/promises"
import { userInfo } from "node:os"
import { attempt, dirname, join } from "./SafeFile.ts"
import { faultAt } from "./Owned.ts"
import { self } from "@parley/os/Self"
import type { Unreadable } from "./Unreadable.ts"

export const ancestors = (path: string): ReadonlyArray<string> => {
  const parent = dirname(path)
  return parent === path ? [path] : [path, ...ancestors(parent)]
}

const identity = ({ dev, ino }: Pick<BigIntStats, "dev" | "ino">): string => `${dev}:${ino}`
const identify = (path: string) =>
  Effect.map(
    attempt(() => fs.stat(path, { bigint: true })),
    identity
  )

/** The home directory of the user's account. Fails if the user has no account; the account may name no home directory. */
const homeOfAccount = attempt(() => Promise.resolve(userInfo().homedir))

/**
 * Returns a predicate: whether a path is a home directory or a parent of one. Directories are compared by device and inode,
 * not by path, so that a home directory that is mounted at a second path is recognised there too.
 */
export const homesAndAbove = Effect.fnUntraced(function* (home: string | undefined) {
  const account = yield* Effect.orElseSucceed(homeOfAccount, () => "/")
  const found = yield* Effect.forEach([...(home === undefined ? [] : [home]), account, "/"], (path) =>
    attempt(() => fs.realpath(path)).pipe(
      Effect.flatMap((real) => Effect.forEach(ancestors(real), identify)),
      Effect.orElseSucceed((): ReadonlyArray<string> => [])
    )
  )
  const all: ReadonlySet<string> = new Set(found.flat())
  /** A directory that cannot be inspected counts as none of them: the current directory is below it. */
  return (path: string): Effect.Effect<boolean> =>
    Effect.match(identify(path), { onSuccess: (id) => all.has(id), onFailure: () => false })
})

/** Why nothing is read from a directory. `shared`: all users have files in it, as in `/tmp`. */
export interface Distrusted {
  readonly shared: boolean
  readonly path: string
  readonly problem: string
  /** A command that fixes the problem. */
  readonly command: string
}

/** Describes the first path whose owner or mode is wrong; undefined if there is none. Links are judged themselves. */
export const distrusted = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>
): Effect.fn.Return<Distrusted | undefined, Unreadable> {
  for (const path of paths) {
    const fault = yield* faultAt(path, yield* attempt(() => fs.lstat(path)))
    if (fault === undefined) continue
    const me = self()
    return {
      shared: fault.kind === "shared",
      path,
      problem: describeFault(me, fault),
      command: repairCommand(me, path, fault)
    }
  }
  return undefined
})

const kindOf = (path: string, look: (path: string) => Promise<{ isDirectory(): boolean; isFile(): boolean }>) =>
  attempt(() => look(path)).pipe(
    Effect.map((found) => (found.isDirectory() ? "directory" : found.isFile() ? "file" : "other")),
    Effect.orElseSucceed(() => "none" as const)
  )

/**
 * The entries that make a directory a workspace: a directory `.parley`, and a `.git` of any kind that git accepts (a
 * directory, the file of a worktree or a submodule, or a link to either). Empty if it is not a workspace.
 */
export const marksOf = Effect.fnUntraced(function* (directory: string) {
  const [parley, git] = [join(directory, ".parley"), join(directory, ".git")]
  const isGit = yield* kindOf(git, (path) => fs.stat(path))
  return [
    ...((yield* kindOf(parley, (path) => fs.lstat(path))) === "directory" ? [parley] : []),
    ...(isGit === "directory" || isGit === "file" ? [git] : [])
  ]
})

/** Describes the `.parley` of a directory if it belongs to neither the current user nor the directory's owner. */
export const plantedIn = Effect.fnUntraced(function* (directory: string) {
  const found = (yield* marksOf(directory)).find((mark) => mark.endsWith(".parley"))
  if (found === undefined) return undefined
  const [root, mark] = yield* Effect.all([attempt(() => fs.lstat(directory)), attempt(() => fs.lstat(found))])
  return root.uid === mark.uid ? undefined : yield* distrusted([found])
})
