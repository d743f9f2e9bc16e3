import { join } from "node:path"
import * as RepositoryIdentity from "@parley/os/RepositoryIdentity"
import * as Worktrees from "@parley/os/Worktrees"
import * as WorkspaceRecords from "@parley/workspace/WorkspaceRecords"
import * as Effect from "effect/Effect"
import type { Setup } from "../configuration/Setup.ts"

/**
 * The other workspaces whose sessions count as sessions of this one. If the user has configured `"worktrees": "shared"`, these
 * are the same directory in the other worktrees of the repository, those that have been removed included; otherwise there are
 * none. A directory that only claims to be a worktree shares nothing: see `Worktrees.isOwn`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = Effect.fn("SharedSessions.of")(function* ({
  config,
  env,
  noWorkspace,
  user,
  workspace
}: Pick<Setup, "config" | "env" | "noWorkspace" | "user" | "workspace">) {
  if (config.worktrees !== "shared" || noWorkspace !== undefined) return []
  const identity = yield* RepositoryIdentity.of(workspace.root, env)
  if (identity?.common === undefined) return []
  const { common, path, repository } = identity
  const live = (yield* Worktrees.tops(repository)).map((top) => join(top, path))
  const recorded = (yield* WorkspaceRecords.all(user)).filter(
    (one) => one.repository?.common === common && one.repository.path === path
  )
  const removed = yield* Effect.filter(recorded, ({ root }) => WorkspaceRecords.isGone(root))
  return [...new Set([...live, ...removed.map(({ root }) => root)])].filter((root) => root !== workspace.root)
})
