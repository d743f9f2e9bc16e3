import { type HandleMessageError, InvalidMessage } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { ModelRef } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { Round } from "@parley/domain/Session"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { fromEvents, type RoundFold } from "@parley/domain/SessionFold"
import type { SessionLimits } from "@parley/domain/SessionSettings"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Cancellation from "./Cancellation.ts"
import * as Caps from "../limits/Caps.ts"
import { Limits } from "../limits/Limits.ts"
import * as ModelChain from "../limits/ModelChain.ts"
import * as InboxRounds from "./InboxRounds.ts"
import { begin, type Managers, ofCompaction, ofInbox, ofMessage, type Opening } from "./Opening.ts"
import * as OpenSessions from "./OpenSessions.ts"
import * as ParkedRounds from "./ParkedRounds.ts"
import * as Answering from "./Answering.ts"
import * as Recovery from "../log/Recovery.ts"
import { RetryGate } from "../limits/RetryGate.ts"
import * as RoundEnd from "./RoundEnd.ts"
import { metered } from "../limits/SamplingUsage.ts"
import { Desk, QuestionDesk } from "../tools/QuestionDesk.ts"
import { RoundQuestions } from "../tools/RoundQuestions.ts"
import type { Accepted, HandleMessage } from "./HandleMessage.ts"
import * as RoundStream from "./RoundStream.ts"
import * as SessionEdits from "./SessionEdits.ts"
import * as Spans from "../telemetry/Spans.ts"
import type { SessionLog } from "../log/SessionLog.ts"

/** Whether no round has run, or the round was cancelled. */
const isCancelled = (exit: Exit.Exit<Round, HandleMessageError>): boolean => {
  if (Exit.isSuccess(exit)) return exit.value.status === "cancelled"
  return Exit.hasInterrupts(exit) || Option.exists(Cause.findErrorOption(exit.cause), ({ _tag }) => unheld.has(_tag))
}

/** Errors of a message for which the session was not opened. */
const unheld: ReadonlySet<HandleMessageError["_tag"]> = new Set(["SessionBusy", "SessionNotFound", "MessageWithdrawn"])

/** Runs rounds: one at a time per session, each in a separate fiber. */
export const make = Effect.gen(function* () {
  const open = yield* OpenSessions.make
  const gate = new RetryGate()
  const desk = (yield* QuestionDesk) ?? new Desk()
  const fibers = yield* FiberSet.make<Round, HandleMessageError>()
  const cancellation = Cancellation.make()

  const earlier = Effect.fnUntraced(function* (log: SessionLog, { requestId, sessionId }: Opening) {
    const known = requestId === undefined ? undefined : log.state.requests.get(requestId)
    if (known === undefined) return undefined
    const entries = yield* Effect.flatMap(SessionManager, (sessions) => sessions.read(sessionId, 0))
    return fromEvents(sessionId, entries).rounds.find((round) => round.id === known)
  })

  /** The limits in effect: those of the message, else those chosen for the session, else those of the context. */
  const limited = <A, E, R>(log: SessionLog, own: SessionLimits | undefined, effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const { limits: chosen } = log.state.settings
      if (own === undefined && chosen === undefined) return effect
      return Effect.updateService(effect, Limits, (limits) => ({ ...limits, ...chosen, ...own }))
    })

  /** Starts the round and runs it to its end. Returns the round, or an earlier round with the same request id. */
  const admit = Effect.fnUntraced(function* (
    log: SessionLog,
    opening: Opening,
    accepted: Deferred.Deferred<RoundStream.Admitted, HandleMessageError>
  ) {
    const { edit, purpose, requestId, sessionId } = opening
    const previous = yield* earlier(log, opening)
    if (previous !== undefined) {
      yield* Deferred.succeed(accepted, { sessionId, roundId: previous.id, isRepeated: true })
      return previous
    }
    if (opening.limits !== undefined && !SessionEdits.isLimits(opening.limits)) return yield* SessionEdits.wrongLimits()
    const models = yield* ModelsManager
    const message = yield* opening.message
    const output = yield* opening.output
    const undone = edit === undefined ? undefined : SessionEdits.from(log.state, edit)
    if (undone?._tag === "InvalidMessage") return yield* undone
    const { settings } = log.state
    // An effort that was chosen for the session is one of its model.
    const effort = opening.effort ?? (opening.model === undefined ? settings.effort : undefined)
    const model = yield* models.describe(opening.model ?? settings.model ?? (yield* models.preferred), effort)
    const chain = yield* ModelChain.make(model, effort)
    yield* Caps.chainPriced(chain, purpose)
    yield* Caps.accountable(log.state, model)
    const roundId = log.state.nextRoundId
    cancellation.started(sessionId, roundId)
    const started: SessionEvent = {
      _tag: "RoundStarted",
      roundId,
      ...message,
      ...(requestId === undefined ? {} : { requestId }),
      ...(purpose === undefined ? {} : { purpose }),
      ...(output === undefined ? {} : { outputSchema: output.schema }),
      ...(opening.waited === undefined ? {} : { messageId: opening.waited.id })
    }
    const questions = new RoundQuestions(log, roundId, yield* ParkedRounds.postsOf(log.id))
    const run = yield* metered(log, opening.run({ log, roundId, chain, gate, message, output, questions }))
    const round = begin(log, opening, undone === undefined ? [started] : [undone, started]).pipe(
      Effect.andThen(Deferred.succeed(accepted, { sessionId, roundId, isRepeated: false })),
      Effect.andThen(run)
    )
    yield* Spans.round(RoundEnd.closing(log, desk.during(questions, round)), {
      sessionId,
      roundId,
      model: model.ref,
      purpose,
      ended: () => (log.state.round?.open === false ? log.state.round.round() : undefined)
    })
    return yield* RoundEnd.ended(log, roundId)
  })

  const inbox = yield* InboxRounds.make({
    open,
    cancellation,
    run: (log, message) =>
      Effect.flatMap(Deferred.make<RoundStream.Admitted, HandleMessageError>(), (accepted) =>
        limited(log, undefined, admit(log, ofInbox(log.id, message), accepted))
      )
  })

  /** Continues a parked round, in a fiber that can be cancelled. */
  const resumed = (log: SessionLog, round: RoundFold, begins: () => void) =>
    cancellation.cancellable(
      log,
      begins,
      Effect.suspend(() => {
        cancellation.started(log.id, round.id)
        return limited(log, undefined, ParkedRounds.resume(log, round, { desk, gate }))
      })
    )

  /** Runs `work` with the session, after recovery, in a fiber of its own. */
  const fork = Effect.fnUntraced(function* (
    sessionId: SessionId,
    work: (
      log: SessionLog,
      begins: () => void,
      accepted: Deferred.Deferred<RoundStream.Admitted, HandleMessageError>
    ) => Effect.Effect<Round, HandleMessageError, Managers>,
    purpose: "message" | "compaction" = "message"
  ) {
    const accepted = yield* Deferred.make<RoundStream.Admitted, HandleMessageError>()
    const whole = cancellation
      .withdrawable(sessionId, (begins) =>
        open.use(sessionId, (log) => Effect.andThen(Recovery.recover(log), work(log, begins, accepted)))
      )
      .pipe(
        Effect.onError((cause) => Deferred.failCause(accepted, cause)),
        Effect.onExit((exit) => inbox.afterwards(sessionId, isCancelled(exit) ? "cancelled" : purpose))
      )
    return { accepted, fiber: yield* FiberSet.run(fibers, whole) }
  })

  const start = (opening: Opening) =>
    fork(
      opening.sessionId,
      Effect.fnUntraced(function* (log, begins, accepted) {
        const parked = ParkedRounds.parkedIn(log)
        if (parked !== undefined) {
          // The message waits until then, so that it can still be withdrawn.
          const exit = yield* Effect.exit(resumed(log, parked, () => {}))
          yield* ParkedRounds.orClosed(log, exit)
          yield* ParkedRounds.noneIn(log)
        }
        if (opening.purpose === undefined) yield* inbox.drain(log)
        // A message that waited may have led to a question.
        yield* ParkedRounds.noneIn(log)
        return yield* cancellation.cancellable(log, begins, limited(log, opening.limits, admit(log, opening, accepted)))
      }),
      opening.purpose
    )

  const startParked = (sessionId: SessionId) =>
    fork(
      sessionId,
      Effect.fnUntraced(function* (log, begins, accepted) {
        const parked = ParkedRounds.parkedIn(log)
        if (parked === undefined)
          return yield* new InvalidMessage({ problem: "No round of this session waits for answers" })
        yield* Deferred.succeed(accepted, { sessionId, roundId: parked.id, isRepeated: false })
        return yield* resumed(log, parked, begins)
      })
    )

  /** Interruption cancels the round and waits until it is closed. */
  const handle = (opening: Opening) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(start(opening), ({ fiber }) =>
        restore(Fiber.join(fiber)).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))
      )
    )

  /** Interruption before the message is accepted withdraws it. */
  const submit = (options: HandleMessage) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(start(ofMessage(options)), ({ accepted, fiber }) =>
        restore(Deferred.await(accepted)).pipe(
          Effect.onInterrupt(() =>
            Effect.flatMap(Deferred.isDone(accepted), (isAccepted) =>
              isAccepted ? Effect.void : Fiber.interrupt(fiber)
            )
          ),
          Effect.map(({ roundId }): Accepted => ({ sessionId: options.sessionId, roundId }))
        )
      )
    )

  const recover = Effect.gen(function* () {
    const sessions = yield* SessionManager
    const candidates = yield* sessions.list({ open: true })
    const idle = candidates.filter(({ id }) => !cancellation.isRunning(id))
    return (yield* Effect.forEach(idle, ({ id }) => Recovery.report(id, open.use(id, Recovery.recover)))).flat()
  })

  return {
    handle: (options: HandleMessage) => handle(ofMessage(options)),
    stream: (options: HandleMessage, onAccepted?: (accepted: Accepted) => Effect.Effect<void>) =>
      RoundStream.make(options.sessionId, start(ofMessage(options)), onAccepted),
    compact: (sessionId: SessionId, model: ModelRef | undefined) => handle(ofCompaction(sessionId, model)),
    resume: (sessionId: SessionId, onAccepted?: (accepted: Accepted) => Effect.Effect<void>) =>
      RoundStream.make(sessionId, startParked(sessionId), onAccepted),
    submit,
    ...Answering.make(open, desk, startParked),
    cancel: cancellation.cancel,
    recover,
    send: inbox.send,
    deliver: inbox.deliver,
    ...SessionEdits.make(open)
  }
})
