import { promises as fs } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as ConfinedFile from "./ConfinedFile.ts"
import { at, type Repository, textOf } from "./Repository.ts"

/** The most worktrees of one repository that are considered. */
const most = 256

const real = (path: string): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(ConfinedFile.realpath(path), () => undefined)

/** The top directory that the repository has registered for the worktree with this git directory, if any. */
const registered = Effect.fnUntraced(function* (gitDirectory: string) {
  const mark = (yield* textOf(join(gitDirectory, "gitdir")))?.trim()
  return mark === undefined || mark === "" ? undefined : yield* real(dirname(resolve(gitDirectory, mark)))
})

/**
 * Whether a worktree and its repository belong together: `.git` is the repository itself, or the repository has registered
 * this directory as one of its worktrees. Anyone can write a `.git` that leads to another repository, and a repository can
 * register any directory, so that only both together prove something.
 *
 * @since 0.1.0
 * @category guards
 */
export const isOwn = Effect.fnUntraced(function* ({ commonDirectory, gitDirectory, top }: Repository) {
  const [git, common, place] = yield* Effect.all([real(gitDirectory), real(commonDirectory), real(top)])
  if (git === undefined || common === undefined || place === undefined) return false
  if (git === common) return git === join(place, ".git")
  return dirname(git) === join(common, "worktrees") && (yield* registered(git)) === place
})

/**
 * The real top directories of all worktrees of a repository that exist, the main one included, sorted. Each leads to the
 * repository and is registered in it: see `isOwn`. Starts no program.
 *
 * @since 0.1.0
 * @category functions
 */
export const tops = Effect.fnUntraced(function* ({ commonDirectory }: Repository) {
  const common = yield* real(commonDirectory)
  if (common === undefined) return []
  const names = yield* Effect.orElseSucceed(
    ConfinedFile.attempt(() => fs.readdir(join(common, "worktrees"))),
    () => []
  )
  const linked = yield* Effect.forEach(names.slice(0, most), (name) => registered(join(common, "worktrees", name)))
  const places = [basename(common) === ".git" ? dirname(common) : undefined, ...linked]
  const found = yield* Effect.filter([...new Set(places)], (place) =>
    place === undefined
      ? Effect.succeed(false)
      : Effect.gen(function* () {
          const repository = yield* at(place)
          if (repository === undefined || (yield* real(repository.commonDirectory)) !== common) return false
          return yield* isOwn(repository)
        })
  )
  return found.filter((place) => place !== undefined).sort()
})
