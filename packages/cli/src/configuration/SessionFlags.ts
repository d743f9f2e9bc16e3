import { UsageError } from "@parley/app/UsageError"
import * as SessionChoice from "@parley/app/SessionChoice"
import { quoted } from "@parley/domain/Ownership"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ProcessInfo from "../process/ProcessInfo.ts"

export interface TargetFlags {
  readonly session: Option.Option<string>
  readonly continue: boolean
}

/** The session whose id is, or begins with, this text. */
export const named = Effect.fnUntraced(function* (id: string) {
  if (id.trim() === "")
    return yield* new UsageError({ problem: "A session ID is needed; `parley sessions list` lists the sessions" })
  const sessions = yield* SessionManager
  return (yield* sessions.find(id.trim())).id
})

/** A command line that makes the sessions of a directory those of this workspace. */
export const relocating = (from: string): string => `\`parley sessions relocate ${quoted(from)}\``

/** Advice for a user whose workspace may have been moved or renamed; empty if no directory has sessions. */
const advice = (latest: SessionInfo | undefined, offered?: string): string => {
  if (latest === undefined) return ""
  const gone = offered ?? (ProcessInfo.isThere(latest.workspace) ? undefined : latest.workspace)
  return [
    ...(offered === undefined
      ? []
      : [`A repository with the same origin and first commit was in ${offered}, which no longer exists`]),
    `Other directories have sessions, the latest in ${latest.workspace}: \`parley sessions list --all\` lists ` +
      `them, and \`-s ${latest.id}\` continues that one here`,
    ...(gone === undefined || gone === "" ? [] : [`${relocating(gone)} brings all sessions of that directory here`])
  ]
    .map((sentence) => `. ${sentence}`)
    .join("")
}

/** The same advice, for a command that lists sessions. */
export const elsewhere = Effect.map(SessionChoice.latestAnywhere, (latest) => advice(latest))

const choiceOf = Effect.fnUntraced(function* (flags: TargetFlags) {
  if (Option.isNone(flags.session)) return { _tag: flags.continue ? "Latest" : "New" } satisfies SessionChoice.Choice
  if (flags.continue) return yield* new UsageError({ problem: "Use either --session or --continue, not both" })
  return { _tag: "Id", id: yield* named(flags.session.value) } satisfies SessionChoice.Choice
})

const advised = ({ elsewhere, message, offered }: SessionChoice.NoSession) =>
  Effect.fail(new UsageError({ problem: `${message}; leave out --continue to start one${advice(elsewhere, offered)}` }))

/** The session that the flags name, if any; `--continue` names the workspace's latest. */
export const find = (flags: TargetFlags, root: string, places?: SessionChoice.Places) =>
  Effect.flatMap(choiceOf(flags), (choice) => SessionChoice.find(choice, root, places)).pipe(
    Effect.catchTag("NoSession", advised)
  )

/** The session that the flags name, or else a new session in the workspace. */
export const findOrCreate = (flags: TargetFlags, root: string, places?: SessionChoice.Places) =>
  Effect.flatMap(choiceOf(flags), (choice) => SessionChoice.findOrCreate(choice, root, places)).pipe(
    Effect.catchTag("NoSession", advised)
  )
