import type { SessionId } from "@parley/domain/Ids"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Which session a message is for. */
export type Choice =
  | { readonly _tag: "Id"; readonly id: SessionId }
  /** The latest session of the workspace. */
  | { readonly _tag: "Latest" }
  | { readonly _tag: "New" }

/** The workspace has no session that could be continued. */
export class NoSession extends Schema.TaggedError<NoSession>()("NoSession", {
  workspace: Schema.String,
  /** The latest session of another directory: the workspace may have been moved or renamed. */
  elsewhere: Schema.optionalKey(SessionInfo)
}) {
  override get message(): string {
    return `There is no session in ${this.workspace} to continue`
  }
}

/** The latest session of all workspaces. */
export const latestAnywhere = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const [latest] = yield* sessions.list({ limit: 1 })
  return latest
})

/** The chosen session, if it exists already. */
export const find = Effect.fn("SessionChoice.find")(function* (choice: Choice, root: string) {
  const sessions = yield* SessionManager
  switch (choice._tag) {
    case "Id":
      return Option.some(yield* sessions.get(choice.id))
    case "Latest": {
      const [latest] = yield* sessions.list({ workspace: root, limit: 1 })
      if (latest !== undefined) return Option.some(latest)
      const elsewhere = yield* latestAnywhere
      return yield* new NoSession({ workspace: root, ...(elsewhere === undefined ? {} : { elsewhere }) })
    }
    case "New":
      return Option.none<SessionInfo>()
  }
})

/** The chosen session, or a new one in the workspace. */
export const findOrCreate = Effect.fn("SessionChoice.findOrCreate")(function* (choice: Choice, root: string) {
  const sessions = yield* SessionManager
  const found = yield* find(choice, root)
  return Option.isSome(found) ? found.value : yield* sessions.create({ workspace: root })
})
