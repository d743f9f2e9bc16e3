import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { CallId, RoundId, SessionId } from "@parley/domain/Ids"
import { Holder } from "@parley/domain/Lease"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Closing from "./Closing.ts"
import type { SessionLog } from "./SessionLog.ts"

const Call = Schema.Struct({ callId: CallId, name: Schema.String })

/** What recovery did about a session whose round was open. */
export const Recovered = Schema.TaggedUnion({
  /** The round was lost, and is closed now. */
  Closed: {
    sessionId: SessionId,
    roundId: RoundId,
    /** Calls that had been started: they may have taken effect. */
    unknown: Schema.Array(Call),
    /** Calls that never ran. */
    notExecuted: Schema.Array(Call)
  },
  /** Somebody runs the round, or is recovering it at this moment: it was left alone. */
  InUse: { sessionId: SessionId, detail: Schema.String, holder: Schema.optionalKey(Holder) },
  /** The session's log cannot be read; other sessions do not care. */
  Damaged: { sessionId: SessionId, problem: Schema.String }
})
export type Recovered = typeof Recovered.Type

/**
 * Closes a round that is open although nobody runs it: the caller holds the session's lease, and no fiber of this process
 * runs the round. Asks no model and calls no tool, and doing it twice is doing it once.
 *
 * Bounded without a counter of attempts: nothing of the round is tried again, so that a turn that kills its process is met
 * by recovery once. The close is one append; a process that dies before it has changed nothing, and one that dies after it
 * leaves nothing to do.
 */
export const recover = Effect.fnUntraced(function* (log: SessionLog) {
  const { round } = log.state
  if (round === undefined || !round.open) return []
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

/** Tells of a session that is in use, or damaged, instead of failing; a session that was removed needs no recovery. */
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
