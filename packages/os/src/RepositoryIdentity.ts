import { createHash } from "node:crypto"
import { promises as fs } from "node:fs"
import { join, relative, sep } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ConfinedFile from "./ConfinedFile.ts"
import * as GitCommand from "./GitCommand.ts"
import * as GitSettings from "./GitSettings.ts"
import * as OriginUrl from "./OriginUrl.ts"
import * as Repository from "./Repository.ts"
import * as Worktrees from "./Worktrees.ts"

/**
 * What identifies the repository that a directory is in, as far as it can be read without starting a program.
 *
 * @since 0.1.0
 * @category models
 */
export interface RepositoryIdentity {
  readonly repository: Repository.Repository
  /** The directory in the repository, with `/`; empty for its top. */
  readonly path: string
  /**
   * Identifies the git directory of this worktree as an object of the file system. It stays the same when a directory above
   * it is renamed, and no copy or clone has it. Undefined if the file system does not tell when a directory was created, or if
   * the worktree and its repository do not belong together (`Worktrees.isOwn`).
   */
  readonly directory: string | undefined
  /** The same for the directory that all worktrees share. */
  readonly common: string | undefined
  /** A hash of where it was cloned from, as `OriginUrl.normalise` writes it. Undefined if it has no remote. */
  readonly origin: string | undefined
}

/** Inodes are used again after a deletion, so that only together with the time of creation one means the same directory. */
const identify = (path: string): Effect.Effect<string | undefined> =>
  ConfinedFile.attempt(() => fs.stat(path, { bigint: true })).pipe(
    Effect.map(({ birthtimeNs, ino }) => (birthtimeNs > 0n ? `${ino}:${birthtimeNs}` : undefined)),
    Effect.orElseSucceed(() => undefined)
  )

/** The address of the remote `origin`, or of the only remote. */
const originOf = Effect.fnUntraced(function* (repository: Repository.Repository, env: GitSettings.Env) {
  const settings = yield* GitSettings.ofRepository(repository, env)
  const urls = new Map<string, string>()
  for (const { key, part, section, value } of settings)
    if (section === "remote" && part !== undefined && key === "url" && !urls.has(part)) urls.set(part, value)
  const url = urls.get("origin") ?? (urls.size === 1 ? [...urls.values()][0] : undefined)
  const address = url === undefined ? undefined : OriginUrl.normalise(url, repository.top)
  return address === undefined ? undefined : createHash("sha256").update(address).digest("hex")
})

/**
 * The identity of the repository that a directory is in, if any. `directory` is a real path. Starts no program.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = Effect.fn("RepositoryIdentity.of")(function* (directory: string, env: GitSettings.Env) {
  const repository = yield* Repository.around(directory)
  if (repository === undefined) return undefined
  const isOwn = yield* Worktrees.isOwn(repository)
  return {
    repository,
    path: relative(repository.top, directory).split(sep).join("/"),
    directory: isOwn ? yield* identify(repository.gitDirectory) : undefined,
    common: isOwn ? yield* identify(repository.commonDirectory) : undefined,
    origin: yield* originOf(repository, env)
  } satisfies RepositoryIdentity
})

/**
 * The first commit of the branch that is checked out: the one without parents to which first parents lead. Of a history that
 * was joined from several, this is always the same one. Undefined if there are no commits, in a shallow clone, which has
 * only the last ones, and if git is not installed or takes longer than two seconds: see `GitCommand`.
 *
 * @since 0.1.0
 * @category functions
 */
export const firstCommit = Effect.fn("RepositoryIdentity.firstCommit")(function* (
  repository: Repository.Repository,
  env: GitSettings.Env
) {
  const shallow = yield* Effect.option(ConfinedFile.attempt(() => fs.stat(join(repository.commonDirectory, "shallow"))))
  if (Option.exists(shallow, ({ size }) => size > 0)) return undefined
  const printed = yield* GitCommand.run(
    repository,
    ["--no-replace-objects", "rev-list", "--first-parent", "--max-parents=0", "HEAD"],
    env
  )
  return /^([0-9a-f]{40,64})\n?$/.exec(printed ?? "")?.[1]
})
