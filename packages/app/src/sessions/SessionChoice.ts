import type { SessionId } from "@parley/domain/Ids"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * Which session a message is for.
 *
 * @since 0.1.0
 * @category models
 */
export type Choice =
  | { readonly _tag: "Id"; readonly id: SessionId }
  /** The latest session of the workspace that is not archived. */
  | { readonly _tag: "Latest" }
  | { readonly _tag: "New" }

/**
 * The workspace has no session that could be continued.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoSession extends Schema.TaggedError<NoSession>()("NoSession", {
  workspace: Schema.String,
  /** The latest session of another directory: the workspace may have been moved or renamed. */
  elsewhere: Schema.optionalKey(SessionInfo),
  /** A workspace that is gone and may be this one: see `WorkspaceMoves.offered`. */
  offered: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `There is no session in ${this.workspace} to continue`
  }
}

/**
 * The latest session of all workspaces. What is archived is not offered.
 *
 * @since 0.1.0
 * @category constants
 */
export const latestAnywhere = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const [latest] = yield* sessions.list({ archived: false, limit: 1 })
  return latest
})

/**
 * Other workspaces that have to do with this one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Places {
  /** Those whose sessions count as sessions of this one: see `SharedSessions`. */
  readonly shared?: ReadonlyArray<string> | undefined
  /** Those that are gone and may be this one, computed when there is no session to continue. */
  readonly offered?: Effect.Effect<ReadonlyArray<string>> | undefined
}

const latestFirst = (a: SessionInfo, b: SessionInfo): number => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1)

/**
 * The sessions of several workspaces, most recent activity first.
 *
 * @since 0.1.0
 * @category functions
 */
export const listIn = Effect.fn("SessionChoice.listIn")(function* (
  roots: ReadonlyArray<string>,
  options: Omit<Parameters<SessionManager["Service"]["list"]>[0], "workspace"> = {}
) {
  const sessions = yield* SessionManager
  const lists = yield* Effect.forEach(roots, (workspace) => sessions.list({ ...options, workspace }))
  return lists.length === 1 ? (lists[0] ?? []) : lists.flat().sort(latestFirst).slice(0, options.limit)
})

/**
 * The chosen session, if it exists already.
 *
 * @since 0.1.0
 * @category functions
 */
export const find = Effect.fn("SessionChoice.find")(function* (choice: Choice, root: string, places: Places = {}) {
  const sessions = yield* SessionManager
  switch (choice._tag) {
    case "Id":
      return Option.some(yield* sessions.get(choice.id))
    case "Latest": {
      const [latest] = yield* listIn([root, ...(places.shared ?? [])], { archived: false, limit: 1 })
      if (latest !== undefined) return Option.some(latest)
      const elsewhere = yield* latestAnywhere
      const [offered] = elsewhere === undefined ? [] : yield* places.offered ?? Effect.succeed([])
      return yield* new NoSession({
        workspace: root,
        ...(elsewhere === undefined ? {} : { elsewhere }),
        ...(offered === undefined ? {} : { offered })
      })
    }
    case "New":
      return Option.none<SessionInfo>()
  }
})

/**
 * The chosen session, or a new one in the workspace.
 *
 * @since 0.1.0
 * @category functions
 */
export const findOrCreate = Effect.fn("SessionChoice.findOrCreate")(function* (
  choice: Choice,
  root: string,
  places: Places = {}
) {
  const sessions = yield* SessionManager
  const found = yield* find(choice, root, places)
  return Option.isSome(found) ? found.value : yield* sessions.create({ workspace: root })
})
