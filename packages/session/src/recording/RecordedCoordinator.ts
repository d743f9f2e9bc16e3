import type { HandleMessageError } from "@parley/domain/Errors"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Decoder } from "../output/StructuredOutput.ts"
import { type AnswerError, type HandleMessage, SessionCoordinator } from "../round/SessionCoordinator.ts"
import { type Ask, recorded } from "./RecordedAsks.ts"

type Coordinator = SessionCoordinator["Service"]

/** Entries of a stream that its reader may be behind. */
const ahead = 64

/**
 * A coordinator that passes every request that changes a session through `ask`, to `engine`. Everything else is answered by
 * `plain`.
 */
export const make = (
  engine: Coordinator,
  plain: Coordinator,
  ask: <A, E extends AnswerError>(asked: Ask, effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
): Coordinator => {
  const messageOf = (way: "handleMessage" | "submit" | "stream", message: HandleMessage): Ask => ({
    _tag: "Message",
    way,
    message: recorded(message)
  })
  /** A request whose events are a stream. */
  const streamed = (asked: Ask, events: Stream.Stream<LogEntry, HandleMessageError>) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const entries = yield* Queue.bounded<LogEntry, HandleMessageError | Cause.Done>(ahead)
        const running = Stream.runForEach(events, (entry) => Queue.offer(entries, entry))
        yield* ask(asked, running).pipe(
          Effect.matchCauseEffect({
            onFailure: (cause) => Queue.failCause(entries, cause),
            onSuccess: () => Queue.end(entries)
          }),
          Effect.forkScoped({ startImmediately: true })
        )
        return Stream.fromQueue(entries)
      })
    )
  return SessionCoordinator.of({
    ...plain,
    handleMessage: <S extends Decoder = never>(options: HandleMessage<S>) =>
      ask(messageOf("handleMessage", options), engine.handleMessage(options)),
    submit: (options) => ask(messageOf("submit", options), engine.submit(options)),
    stream: (options, onAccepted) => streamed(messageOf("stream", options), engine.stream(options, onAccepted)),
    deliver: (sessionId, options) => streamed({ _tag: "Deliver", sessionId }, engine.deliver(sessionId, options)),
    send: (sessionId, message) => ask({ _tag: "Send", sessionId, ...message }, engine.send(sessionId, message)),
    editMessage: (sessionId, messageId, request) =>
      ask({ _tag: "EditMessage", sessionId, messageId, request }, engine.editMessage(sessionId, messageId, request)),
    withdrawMessage: (sessionId, messageId) =>
      ask({ _tag: "WithdrawMessage", sessionId, messageId }, engine.withdrawMessage(sessionId, messageId)),
    compact: (sessionId, options) =>
      ask({ _tag: "Compact", sessionId, model: options?.model }, engine.compact(sessionId, options)),
    undoCompaction: (sessionId) => ask({ _tag: "UndoCompaction", sessionId }, engine.undoCompaction(sessionId)),
    undo: (sessionId, options) =>
      ask({ _tag: "Undo", sessionId, rounds: options?.rounds }, engine.undo(sessionId, options)),
    redo: (sessionId) => ask({ _tag: "Redo", sessionId }, engine.redo(sessionId)),
    configure: (sessionId, change) =>
      ask({ _tag: "Configure", sessionId, change }, engine.configure(sessionId, change)),
    refresh: (sessionId) => ask({ _tag: "Refresh", sessionId }, engine.refresh(sessionId)),
    pin: (sessionId, pin) => ask({ _tag: "Pin", sessionId, pin }, engine.pin(sessionId, pin)),
    unpin: (sessionId, text) => ask({ _tag: "Unpin", sessionId, text }, engine.unpin(sessionId, text)),
    answer: (sessionId, questionId, answer, options) =>
      ask(
        { _tag: "Answer", sessionId, questionId, answer, continues: options?.continues ?? true },
        engine.answer(sessionId, questionId, answer, options)
      ),
    resume: (sessionId, onAccepted) => streamed({ _tag: "Resume", sessionId }, engine.resume(sessionId, onAccepted)),
    cancel: (sessionId, roundId) => ask({ _tag: "Cancel", sessionId, roundId }, engine.cancel(sessionId, roundId))
  })
}
