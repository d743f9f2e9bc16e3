import { type HandleMessageError, RoundWaiting, toFailure } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import type { RoundFold } from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RetryGate } from "../limits/RetryGate.ts"
import { metered } from "../limits/SamplingUsage.ts"
import * as Closing from "../log/Closing.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import * as Spans from "../telemetry/Spans.ts"
import type { Desk } from "../tools/QuestionDesk.ts"
import { type Posts, RoundQuestions } from "../tools/RoundQuestions.ts"
import * as Continued from "./Continued.ts"
import * as RoundEnd from "./RoundEnd.ts"
import * as RoundRunner from "./RoundRunner.ts"

/** What other processes post to a session. A problem of the storage that prevents reading it fails the round elsewhere. */
export const postsOf = (id: SessionId): Effect.Effect<Posts, never, SessionManager> =>
  Effect.map(SessionManager, (sessions) => ({
    waiting: Effect.orElseSucceed(sessions.posts(id), () => []),
    follow: Stream.catch(sessions.followPosts(id), () => Stream.empty)
  }))

/** The session's round, if all that it does is wait for answers. */
export const parkedIn = ({ state }: SessionLog): RoundFold | undefined =>
  state.round?.isParked === true ? state.round : undefined

/** Fails if the session's round waits for answers: nothing may follow it then. */
export const noneIn = (log: SessionLog): Effect.Effect<void, RoundWaiting> =>
  Effect.suspend(() => {
    const round = parkedIn(log)
    return round === undefined
      ? Effect.void
      : Effect.fail(new RoundWaiting({ sessionId: log.id, roundId: round.id, questions: round.openQuestions.length }))
  })

/** Errors of a process that does not have what a parked round needs, such as its model. */
const lacking: ReadonlySet<HandleMessageError["_tag"]> = new Set(["ModelError", "ConfigError", "PriceUnknown"])

/**
 * What to do after an attempt to continue a parked round before a new message. If this process does not have what the round
 * needs, the round is closed as failed, so that the session stays usable. Fails with any other error that left it parked.
 */
export const orClosed = (log: SessionLog, exit: Exit.Exit<Round, HandleMessageError>) =>
  Effect.suspend((): Effect.Effect<void, HandleMessageError> => {
    const round = parkedIn(log)
    if (round === undefined || exit._tag === "Success") return Effect.void
    const error = exit.cause.pipe(Cause.findErrorOption, Option.getOrUndefined)
    if (error === undefined || !lacking.has(error._tag)) return Effect.asVoid(exit)
    return log.append(Closing.events(log.state, { _tag: "RoundFailed", roundId: round.id, failure: toFailure(error) }))
  })

/**
 * Continues a parked round in this process: open questions are decided by this host, and the round runs to its end, or
 * until it waits again. Fails without storing anything if this process does not have what the round needs, such as its
 * model.
 */
export const resume = Effect.fnUntraced(function* (
  log: SessionLog,
  round: RoundFold,
  { desk, gate }: { readonly desk: Desk; readonly gate: RetryGate }
) {
  const { chain, output } = yield* Continued.derive(log, round)
  const roundId = round.id
  const questions = new RoundQuestions(log, roundId, yield* postsOf(log.id))
  const run = RoundRunner.resume({ log, roundId, chain, gate, output, questions }, round)
  yield* Spans.round(RoundEnd.closing(log, desk.during(questions, yield* metered(log, run))), {
    sessionId: log.id,
    roundId,
    model: chain.model.ref,
    purpose: undefined,
    ended: () => (log.state.round?.open === false ? log.state.round.round() : undefined)
  })
  return yield* RoundEnd.ended(log, roundId)
})
