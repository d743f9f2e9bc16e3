import { mend, whose } from "@parley/domain/Ownership"
import * as Effect from "effect/Effect"
import type { BigIntStats } from "node:fs"
import * as fs from "node:fs/promises"
import { userInfo } from "node:os"
import { attempt, dirname, join } from "./Disk.ts"
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

/** The user's home, as the account has it. An account may have none, and a user no account. */
const homeOfAccount = attempt(() => Promise.resolve(userInfo().homedir))

/**
 * The home directory and all that it is in. They are told by what they are and not by their names: a home that is mounted
 * at a second place is the home there, too.
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
  /** What cannot be looked at is none of them: we are in a directory below it. */
  return (path: string): Effect.Effect<boolean> =>
    Effect.match(identify(path), { onSuccess: (id) => all.has(id), onFailure: () => false })
})

/** Why a directory is not read from; `shared` when it is one in which everybody has files, such as `/tmp`. */
export interface Distrusted {
  readonly shared: boolean
  readonly path: string
  readonly problem: string
  /** A command that would change that. */
  readonly command: string
}

/** What is wrong with the first of these whose owner or mode is wrong, if any is. A link counts as what it is: the link of its owner. */
export const distrusted = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>
): Effect.fn.Return<Distrusted | undefined, Unreadable> {
  for (const path of paths) {
    const fault = yield* faultAt(path, yield* attempt(() => fs.lstat(path)))
    if (fault === undefined) continue
    const me = self()
    return { shared: fault.kind === "shared", path, problem: whose(me, fault), command: mend(me, path, fault) }
  }
  return undefined
})

const kindOf = (path: string, look: (path: string) => Promise<{ isDirectory(): boolean; isFile(): boolean }>) =>
  attempt(() => look(path)).pipe(
    Effect.map((found) => (found.isDirectory() ? "directory" : found.isFile() ? "file" : "other")),
    Effect.orElseSucceed(() => "none" as const)
  )

/**
 * What makes a directory a workspace, if anything does: a directory `.parley`, and a `.git` of any kind that git takes (a
 * directory, the file of a worktree or a submodule, or a link to either).
 */
export const marksOf = Effect.fnUntraced(function* (directory: string) {
  const [parley, git] = [join(directory, ".parley"), join(directory, ".git")]
  const isGit = yield* kindOf(git, (path) => fs.stat(path))
  return [
    ...((yield* kindOf(parley, (path) => fs.lstat(path))) === "directory" ? [parley] : []),
    ...(isGit === "directory" || isGit === "file" ? [git] : [])
  ]
})

/** Whether a `.parley` in a directory that the user has named belongs to somebody who is neither the user nor its owner. */
export const plantedIn = Effect.fnUntraced(function* (directory: string) {
  const found = (yield* marksOf(directory)).find((mark) => mark.endsWith(".parley"))
  if (found === undefined) return undefined
  const [root, mark] = yield* Effect.all([attempt(() => fs.lstat(directory)), attempt(() => fs.lstat(found))])
  return root.uid === mark.uid ? undefined : yield* distrusted([found])
})
