import { textOf } from "@parley/domain/Content"
import type { HandleMessageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { endsRound, type LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Output } from "../output/Output.ts"
import * as Render from "../output/Render.ts"

type Show = (entry: LogEntry) => Effect.Effect<void>

/** Shows rounds whose messages waited in the inbox: each message, what follows from it, and why its round failed. */
export const text = Effect.fnUntraced(function* (session: SessionId) {
  const output = yield* Output
  const show = yield* Render.text(session)
  return (entry: LogEntry) => {
    const { event } = entry
    if (event._tag === "RoundStarted") return output.aside(`» ${Render.short(textOf(event.request))}`)
    // How a round of a dead process was closed is shown anyway.
    return event._tag === "RoundFailed" && event.failure.error !== "Interrupted"
      ? Effect.andThen(show(entry), output.note(`parley: ${event.failure.message}`))
      : show(entry)
  }
})

/** Names rounds whose messages waited in the inbox, for a command whose output is the answer to another message. */
export const aside = Effect.map(Output, (output) => (entry: LogEntry): Effect.Effect<void> => {
  const { event } = entry
  if (event._tag === "RoundStarted")
    return output.aside(`» ${Render.short(textOf(event.request))} (a message that waited, ${event.roundId})`)
  return event._tag === "RoundFailed" ? output.aside(`${event.roundId}: ${event.failure.message}`) : Effect.void
})

/** The end of the latest round whose message did not wait in the inbox, among the events after `after`. */
const shownUpTo = Effect.fnUntraced(function* (id: SessionId, after: number) {
  const entries = yield* SessionManager.use((sessions) => sessions.read(id, after))
  const own = entries.findLastIndex(({ event }) => event._tag === "RoundStarted" && event.messageId === undefined)
  const end = own < 0 ? undefined : entries.slice(own).find(({ event }) => endsRound(event))
  return end?.seq ?? after
})

type Delivered = Effect.Effect<void, HandleMessageError, SessionCoordinator | SessionManager>

const deliver = (id: SessionId, after: number, print: Show): Delivered =>
  SessionCoordinator.use((coordinator) =>
    coordinator.deliver(id, { after }).pipe(
      Stream.runForEach(print),
      Effect.onInterrupt(() => coordinator.cancel(id))
    )
  )

/** Delivers the messages that wait, if there are any, and shows their rounds. Interruption cancels the running round. */
export const before = Effect.fnUntraced(function* (id: SessionId, print: Show) {
  const waiting = yield* SessionCoordinator.use((coordinator) => coordinator.inbox(id))
  if (waiting.length === 0) return
  const { head } = yield* SessionManager.use((sessions) => sessions.get(id))
  yield* deliver(id, head, print)
})

/**
 * Delivers the messages that arrived during a round and shows their rounds. The engine may have begun with them. `after` is
 * the head of the session before the round. Interruption cancels the running round.
 */
export const afterwards = Effect.fnUntraced(function* (id: SessionId, after: number, print: Show) {
  const { open } = yield* SessionManager.use((sessions) => sessions.get(id))
  const waiting = yield* SessionCoordinator.use((coordinator) => coordinator.inbox(id))
  if (open || waiting.length > 0) yield* deliver(id, yield* shownUpTo(id, after), print)
})
