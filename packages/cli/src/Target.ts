import { SessionId } from "@parley/domain/Ids"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "./ExitCode.ts"

export interface TargetFlags {
  readonly session: Option.Option<string>
  readonly continue: boolean
}

export const named = (id: string) =>
  id.trim() === ""
    ? Effect.fail(new UsageError({ problem: "--session needs a session's id; see `parley sessions list`" }))
    : Effect.succeed(SessionId.make(id))

/** What a person may have meant whose workspace was moved or renamed; undefined when there are no sessions at all. */
export const elsewhere = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const [latest] = yield* sessions.list({ limit: 1 })
  return latest === undefined
    ? undefined
    : `. There are sessions of other directories, the latest of ${latest.workspace}: \`parley sessions list --all\` lists ` +
        `them, and \`-s ${latest.id}\` continues that one here`
})

/** The session the flags name, if they name one; `--continue` is the workspace's latest. */
export const find = Effect.fn("Target.find")(function* (flags: TargetFlags, root: string) {
  const sessions = yield* SessionManager
  if (Option.isSome(flags.session)) {
    if (flags.continue) return yield* new UsageError({ problem: "Give --session or --continue, not both" })
    const id = yield* named(flags.session.value)
    return Option.some(yield* sessions.get(id))
  }
  if (!flags.continue) return Option.none<SessionInfo>()
  const [latest] = yield* sessions.list({ workspace: root, limit: 1 })
  if (latest === undefined)
    return yield* new UsageError({
      problem: `There is no session in ${root} to continue; leave --continue out${(yield* elsewhere) ?? ""}`
    })
  return Option.some(latest)
})

/** The same, or a new session in the workspace. */
export const findOrCreate = Effect.fn("Target.findOrCreate")(function* (flags: TargetFlags, root: string) {
  const sessions = yield* SessionManager
  const found = yield* find(flags, root)
  return Option.isSome(found) ? found.value : yield* sessions.create({ workspace: root })
})
