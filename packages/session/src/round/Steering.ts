import type { RoundId } from "@parley/domain/Ids"
import type { InboxMessage } from "@parley/domain/InboxMessage"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import * as Effect from "effect/Effect"
import type { SessionLog } from "../log/SessionLog.ts"
import * as Inbox from "./SessionInbox.ts"

const deliveredIn =
  (log: SessionLog, roundId: RoundId) =>
  ({ id: messageId, outside, request, requestId }: InboxMessage): ReadonlyArray<SessionEvent> =>
    // The session already has the round that this message asks for.
    requestId !== undefined && log.state.requests.has(requestId)
      ? []
      : [
          {
            _tag: "MessageDelivered",
            roundId,
            messageId,
            ...(requestId === undefined ? {} : { requestId }),
            request,
            outside
          }
        ]

const steering = (log: SessionLog) =>
  Effect.map(Inbox.waiting(log.id), (messages) => messages.filter(({ delivery }) => delivery === "steer"))

/**
 * Delivers the steering messages that wait, as part of the round's next request. To be run only while no turn and no call is
 * open.
 */
export const deliver = (log: SessionLog, roundId: RoundId) =>
  Effect.gen(function* () {
    const messages = yield* steering(log)
    if (messages.length > 0) yield* log.take(messages, messages.flatMap(deliveredIn(log, roundId)))
  }).pipe(
    // A message was edited or withdrawn after it was read.
    Effect.retry({ while: (error) => error._tag === "PostChanged" })
  )

/**
 * Stores the end of a turn after which the round would end. If steering messages wait, `turn` is stored without the end of
 * the round, together with the messages, so that the round continues; returns whether it does.
 */
export const insteadOfEnd = (
  log: SessionLog,
  roundId: RoundId,
  turn: ReadonlyArray<SessionEvent>,
  end: ReadonlyArray<SessionEvent>
) =>
  Effect.gen(function* () {
    // A turn that is complete must not fail because the inbox cannot be read. The messages are then delivered later.
    const messages = yield* Effect.orElseSucceed(steering(log), () => [])
    const events = messages.flatMap(deliveredIn(log, roundId))
    yield* events.length > 0 ? log.take(messages, [...turn, ...events]) : log.append([...turn, ...end])
    return events.length > 0
  }).pipe(Effect.retry({ while: (error) => error._tag === "PostChanged" }))
