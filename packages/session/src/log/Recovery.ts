import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { CallId, RoundId, SessionId } from "@parley/domain/Ids"
import { Question } from "@parley/domain/Question"
import { Holder } from "@parley/domain/Lease"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Closing from "./Closing.ts"
import type { SessionLog } from "./SessionLog.ts"

const Call = Schema.Struct({ callId: CallId, name: Schema.String })

/**
 * What recovery did with a session that had an open round.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Recovered = Schema.TaggedUnion({
  /** The process of the round had died; the round is now closed as failed. */
  Closed: {
    sessionId: SessionId,
    roundId: RoundId,
    /** Calls that had been started. Their outcome is unknown: they may have taken effect. */
    unknown: Schema.Array(Call),
    /** Calls that never ran. */
    notExecuted: Schema.Array(Call)
  },
  /** The round waits for answers and continues with them, in any process; nothing was changed. */
  Waiting: {
    sessionId: SessionId,
    roundId: RoundId,
    /** The open questions. Empty if they have been answered and the round only has to be continued. */
    questions: Schema.Array(Question)
  },
  /** Another process is running or recovering the round; nothing was changed. */
  InUse: { sessionId: SessionId, detail: Schema.String, holder: Schema.optionalKey(Holder) },
  /** The session's log is damaged. Other sessions are not affected. */
  Damaged: { sessionId: SessionId, problem: Schema.String }
})
export type Recovered = typeof Recovered.Type

/**
 * Closes an open round that is not running: the caller must hold the session's lease, and no fiber of this process may be
 * running the round. A round that waits for answers is left open. Calls no model and no tool. Idempotent.
 *
 * There is no limit on attempts, because recovery repeats nothing of the round: a turn that kills its process cannot do
 * so again during recovery. Closing is one append. A process that dies before it has changed nothing, and one that dies
 * after it has left nothing to do.
 *
 * @since 0.1.0
 * @category functions
 */
export const recover = Effect.fnUntraced(function* (log: SessionLog) {
  const { round } = log.state
  if (round === undefined || !round.open) return []
  if (round.isParked)
    return [Recovered.cases.Waiting.make({ sessionId: log.id, roundId: round.id, questions: round.openQuestions })]
  const { id, running, unsettled } = round
  const calls = (some: typeof unsettled) => some.map(({ callId, name }) => ({ callId, name }))
  yield* log.append(Closing.events(log.state, { _tag: "RoundFailed", roundId: id, failure: Closing.processDied }))
  return [
    Recovered.cases.Closed.make({
      sessionId: log.id,
      roundId: id,
      unknown: calls(running),
      notExecuted: calls(unsettled.filter(({ state }) => state === "requested"))
    })
  ]
})

/**
 * Reports a session that is in use or damaged instead of failing. A session that was removed needs no recovery.
 *
 * @since 0.1.0
 * @category functions
 */
export const report = <R>(
  sessionId: SessionId,
  recovery: Effect.Effect<ReadonlyArray<Recovered>, StorageError | SessionNotFound | SessionBusy, R>
): Effect.Effect<ReadonlyArray<Recovered>, StorageError, R> =>
  recovery.pipe(
    Effect.catchTags({
      SessionNotFound: () => Effect.succeed<ReadonlyArray<Recovered>>([]),
      SessionBusy: ({ detail, holder }) =>
        Effect.succeed([
          Recovered.cases.InUse.make({ sessionId, detail, ...(holder === undefined ? {} : { holder }) })
        ]),
      StorageError: (error) =>
        error.reason === "Corrupt"
          ? Effect.succeed([Recovered.cases.Damaged.make({ sessionId, problem: error.message })])
          : Effect.fail(error)
    })
  )
