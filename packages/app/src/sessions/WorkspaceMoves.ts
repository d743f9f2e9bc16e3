import type { StorageError } from "@parley/domain/Errors"
import { SessionId } from "@parley/domain/Ids"
import * as ConfinedFile from "@parley/os/ConfinedFile"
import * as RepositoryIdentity from "@parley/os/RepositoryIdentity"
import * as WorkspaceRecords from "@parley/workspace/WorkspaceRecords"
import { basename, dirname, join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Setup } from "../configuration/Setup.ts"

type Where = Pick<Setup, "env" | "noWorkspace" | "user" | "workspace">
type Recorded = WorkspaceRecords.RecordedRepository

/**
 * Sessions that now belong to this workspace, and the path that they belonged to before.
 *
 * @since 0.1.0
 * @category models
 */
export interface Moved {
  readonly from: string
  readonly sessions: ReadonlyArray<string>
}

/** Longer than this, and git was ended before it had found the first commit. */
const tooLong = 1900

/** What is to be remembered of a repository. The first commit is looked for once in each, because that may take seconds. */
const describe = Effect.fnUntraced(function* (
  identity: RepositoryIdentity.RepositoryIdentity,
  env: Where["env"],
  before: Recorded | undefined
) {
  const { common, directory, origin, path } = identity
  const isSame = before !== undefined && before.directory === directory && before.path === path
  let firstCommit = isSame ? before.firstCommit : undefined
  if (firstCommit === undefined) {
    const began = yield* Clock.currentTimeMillis
    firstCommit = yield* RepositoryIdentity.firstCommit(identity.repository, env)
    if (firstCommit === undefined && (yield* Clock.currentTimeMillis) - began >= tooLong) firstCommit = ""
  }
  return {
    path,
    ...(directory === undefined ? {} : { directory }),
    ...(common === undefined ? {} : { common }),
    ...(origin === undefined ? {} : { origin }),
    ...(firstCommit === undefined ? {} : { firstCommit })
  } satisfies Recorded
})

/** The same directory at another path: nothing but a move does that. */
const isSameDirectory = (a: Recorded, b: Recorded): boolean =>
  a.directory !== undefined && a.directory === b.directory && a.path === b.path

/** The same history, from the same place. Anyone can make a repository for which this holds. */
const hasSameHistory = (a: Recorded, b: Recorded): boolean =>
  a.firstCommit !== undefined &&
  a.firstCommit !== "" &&
  a.firstCommit === b.firstCommit &&
  a.origin === b.origin &&
  a.path === b.path

/** The recorded workspaces whose directories are gone and for whose repositories `test` holds. */
const goneWhere = Effect.fnUntraced(function* ({ user, workspace }: Where, test: (repository: Recorded) => boolean) {
  const others = (yield* WorkspaceRecords.all(user)).filter(
    ({ repository, root }) => root !== workspace.root && repository !== undefined && test(repository)
  )
  return yield* Effect.filter(others, ({ root }) => WorkspaceRecords.isGone(root))
})

/**
 * Makes the sessions of the workspace `from`, and what was spent in it, those of this workspace, and remembers where they
 * were. `from` need not exist any more. Trust in the servers of a project, and logins to them, do not move: they are decisions
 * about the files at one path. Returns the sessions.
 *
 * @since 0.1.0
 * @category functions
 */
export const relocate = Effect.fn("WorkspaceMoves.relocate")(function* (
  { user, workspace }: Pick<Setup, "user" | "workspace">,
  from: string
): Effect.fn.Return<Moved, StorageError> {
  const { relocate } = yield* Effect.promise(() => import("@parley/store/Relocate"))
  const sessions = yield* relocate({ filename: user.databaseFile, from, to: workspace.root })
  const earlier = (yield* WorkspaceRecords.read(user, from))?.moved ?? []
  if (sessions.length > 0) {
    const ids = new Set(sessions)
    // Sessions that were moved before keep the place where they began.
    const known = earlier.map(({ from, sessions }) => ({ from, sessions: sessions.filter((id) => ids.has(id)) }))
    const begun = new Set(known.flatMap((one) => one.sessions))
    const own = { from, sessions: sessions.filter((id) => !begun.has(id)) }
    const moved = [...known, own].filter((one) => one.sessions.length > 0)
    // Where they were is only shown. The sessions have moved, whether or not it can be remembered.
    yield* Effect.ignore(
      WorkspaceRecords.update(user, workspace.root, (before) => ({
        ...before,
        moved: [...(before.moved ?? []), ...moved]
      }))
    )
  }
  if (yield* WorkspaceRecords.isGone(from)) yield* WorkspaceRecords.remove(user, from)
  return { from, sessions }
})

/**
 * Remembers which repository this workspace is in, and brings its sessions along if its directory was moved here: if its git
 * directory is the one that was seen at a path that is gone. Two clones and a copy stay separate. Never fails: what does not
 * succeed is reported as a warning, and tried again by the next command.
 *
 * @since 0.1.0
 * @category functions
 */
export const settle = Effect.fn("WorkspaceMoves.settle")(function* (setup: Where) {
  const { env, noWorkspace, user, workspace } = setup
  const identity = noWorkspace === undefined ? yield* RepositoryIdentity.of(workspace.root, env) : undefined
  if (identity === undefined) return []
  const before = (yield* WorkspaceRecords.read(user, workspace.root))?.repository
  const repository = yield* describe(identity, env, before)
  const isKnown = repository.directory === undefined || (before !== undefined && isSameDirectory(before, repository))
  const found = isKnown ? [] : yield* goneWhere(setup, (other) => isSameDirectory(other, repository))
  const moved: Array<Moved> = []
  for (const { root } of found) {
    const one = yield* Effect.result(relocate(setup, root))
    if (Result.isFailure(one)) {
      yield* Effect.logWarning(
        `the sessions of ${root}, which this directory was before, stay there: ${one.failure.message}`
      )
      return moved
    }
    if (one.success.sessions.length > 0) moved.push(one.success)
  }
  // Where nothing can be written, such as on a read-only disk, nothing is remembered, and the commands work.
  yield* Effect.ignore(WorkspaceRecords.update(user, workspace.root, (before) => ({ ...before, repository })))
  return moved
})

/**
 * The paths of workspaces that are gone, and whose repositories had the same origin and the same first commit as the one
 * that this workspace is in. They may be this one, for example after a second clone; but anyone can make a repository with
 * the same history, so that only the user can decide that their sessions belong here (`relocate`).
 *
 * @since 0.1.0
 * @category functions
 */
export const offered = Effect.fn("WorkspaceMoves.offered")(function* (setup: Where) {
  const here = (yield* WorkspaceRecords.read(setup.user, setup.workspace.root))?.repository
  if (here === undefined || setup.noWorkspace !== undefined) return []
  // Those of worktrees that were removed stay their own, or are shared: see `SharedSessions`.
  const isOther = ({ common }: Recorded) => common === undefined || common !== here.common
  const found = yield* goneWhere(setup, (other) => isOther(other) && hasSameHistory(other, here))
  return found.map(({ root }) => root).sort()
})

/**
 * Where the sessions of this workspace were that were moved here.
 *
 * @since 0.1.0
 * @category functions
 */
export const former = Effect.fn("WorkspaceMoves.former")(function* ({ user, workspace }: Where) {
  const moved = (yield* WorkspaceRecords.read(user, workspace.root))?.moved ?? []
  return new Map(moved.flatMap(({ from, sessions }) => sessions.map((id) => [SessionId.make(id), from] as const)))
})

/**
 * The paths under which sessions of a directory may be stored, whose path a person wrote: its real path, as far as it exists, and
 * the path as it was written, because a link that it had may be gone, too. `path` is absolute.
 *
 * @since 0.1.0
 * @category functions
 */
export const pathsMeant = Effect.fn("WorkspaceMoves.pathsMeant")(function* (path: string) {
  const missing: Array<string> = []
  for (let at = path; ; at = dirname(at)) {
    const real = yield* Effect.option(ConfinedFile.realpath(at))
    if (real._tag === "Some") return [...new Set([join(real.value, ...missing), path])]
    if (dirname(at) === at) return [path]
    missing.unshift(basename(at))
  }
})
