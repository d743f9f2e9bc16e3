import { UsageError } from "@parley/app/UsageError"
import * as SessionChoice from "@parley/app/SessionChoice"
import { SessionId } from "@parley/domain/Ids"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export interface TargetFlags {
  readonly session: Option.Option<string>
  readonly continue: boolean
}

export const named = (id: string) =>
  id.trim() === ""
    ? Effect.fail(new UsageError({ problem: "A session ID is needed; `parley sessions list` lists the sessions" }))
    : Effect.succeed(SessionId.make(id))

/** Advice for a user whose workspace may have been moved or renamed; empty if no directory has sessions. */
const advice = (latest: SessionInfo | undefined): string =>
  latest === undefined
    ? ""
    : `. Other directories have sessions, the latest in ${latest.workspace}: \`parley sessions list --all\` lists ` +
      `them, and \`-s ${latest.id}\` continues that one here`

/** The same advice, for a command that lists sessions. */
export const elsewhere = Effect.map(SessionChoice.latestAnywhere, advice)

const choiceOf = Effect.fnUntraced(function* (flags: TargetFlags) {
  if (Option.isNone(flags.session)) return { _tag: flags.continue ? "Latest" : "New" } satisfies SessionChoice.Choice
  if (flags.continue) return yield* new UsageError({ problem: "Use either --session or --continue, not both" })
  return { _tag: "Id", id: yield* named(flags.session.value) } satisfies SessionChoice.Choice
})

const advised = ({ elsewhere, message }: SessionChoice.NoSession) =>
  Effect.fail(new UsageError({ problem: `${message}; leave out --continue to start one${advice(elsewhere)}` }))

/** The session that the flags name, if any; `--continue` names the workspace's latest. */
export const find = (flags: TargetFlags, root: string) =>
  Effect.flatMap(choiceOf(flags), (choice) => SessionChoice.find(choice, root)).pipe(
    Effect.catchTag("NoSession", advised)
  )

/** The session that the flags name, or else a new session in the workspace. */
export const findOrCreate = (flags: TargetFlags, root: string) =>
  Effect.flatMap(choiceOf(flags), (choice) => SessionChoice.findOrCreate(choice, root)).pipe(
    Effect.catchTag("NoSession", advised)
  )
