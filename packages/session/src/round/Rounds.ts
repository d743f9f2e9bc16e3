import { type HandleMessageError, InvalidMessage } from "@parley/domain/Errors"
import type { Effort } from "@parley/domain/Effort"
import type { RequestId, RoundId, SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { Round } from "@parley/domain/Session"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { fromEvents, type RoundFold } from "@parley/domain/SessionFold"
import type { SessionLimits } from "@parley/domain/SessionSettings"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Cancellation from "./Cancellation.ts"
import * as Caps from "../limits/Caps.ts"
import * as Compaction from "../compaction/Compaction.ts"
import { Limits } from "../limits/Limits.ts"
import * as ModelChain from "../limits/ModelChain.ts"
import * as OpenSessions from "./OpenSessions.ts"
import * as ParkedRounds from "./ParkedRounds.ts"
import * as Answering from "./Answering.ts"
import * as Recovery from "../log/Recovery.ts"
import * as Request from "../limits/Request.ts"
import { RetryGate } from "../limits/RetryGate.ts"
import * as RoundEnd from "./RoundEnd.ts"
import * as RoundRunner from "./RoundRunner.ts"
import { metered } from "../limits/SamplingUsage.ts"
import { Desk, QuestionDesk } from "../tools/QuestionDesk.ts"
import { RoundQuestions } from "../tools/RoundQuestions.ts"
import type { Accepted, HandleMessage } from "./HandleMessage.ts"
import * as RoundStream from "./RoundStream.ts"
import * as SessionEdits from "./SessionEdits.ts"
import * as Spans from "../telemetry/Spans.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import * as StructuredOutput from "../output/StructuredOutput.ts"

type Managers = PromptManager | SessionManager | McpManager | ModelsManager

/** A round that is to be started. */
interface Opening {
  readonly sessionId: SessionId
  /** If a round with this id exists, it is returned instead of starting a new one. */
  readonly requestId?: RequestId | undefined
  /** Default: the configured model. */
  readonly model?: ModelRef | undefined
  readonly effort?: Effort | undefined
  readonly limits?: SessionLimits | undefined
  readonly purpose?: "compaction"
  /** The first of the rounds to undo. */
  readonly edit?: RoundId | undefined
  /** The form of the answer. Evaluated before anything is stored. */
  readonly output: Effect.Effect<StructuredOutput.StructuredOutput | undefined, InvalidMessage>
  /** The validated message. Evaluated before anything is stored. */
  readonly message: Effect.Effect<Request.Validated, InvalidMessage>
  readonly run: (round: {
    readonly log: SessionLog
    readonly roundId: RoundId
    readonly chain: ModelChain.ModelChain
    readonly gate: RetryGate
    readonly message: Request.Validated
    readonly output: StructuredOutput.StructuredOutput | undefined
    readonly questions: RoundQuestions
  }) => Effect.Effect<RoundRunner.RoundStop, HandleMessageError, Managers>
}

const ofMessage = ({ mentions, output, refresh, request, ...message }: HandleMessage): Opening => ({
  ...message,
  output:
    output === undefined ? Effect.undefined : Effect.suspend(() => StructuredOutput.of(output).pipe(Effect.fromResult)),
  message: Request.validate(request),
  run: ({ message, ...round }) =>
    RoundRunner.run({ ...round, mentions: mentions ?? Request.own(message), refresh: refresh ?? [] })
})

/** A round without a message: it compacts the history because the user requested it. */
const ofCompaction = (sessionId: SessionId, model: ModelRef | undefined): Opening => ({
  sessionId,
  model,
  purpose: "compaction",
  output: Effect.undefined,
  message: Effect.succeed({ request: [], outside: [] }),
  run: (round) => Effect.as(Compaction.onRequest(round), "end")
})

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
      ...(output === undefined ? {} : { outputSchema: output.schema })
    }
    const questions = new RoundQuestions(log, roundId, yield* ParkedRounds.postsOf(log.id))
    const run = yield* metered(log, opening.run({ log, roundId, chain, gate, message, output, questions }))
    const round = log
      .append(undone === undefined ? [started] : [undone, started])
      .pipe(Effect.andThen(Deferred.succeed(accepted, { sessionId, roundId, isRepeated: false })), Effect.andThen(run))
    yield* Spans.round(RoundEnd.closing(log, desk.during(questions, round)), {
      sessionId,
      roundId,
      model: model.ref,
      purpose,
      ended: () => (log.state.round?.open === false ? log.state.round.round() : undefined)
    })
    return yield* RoundEnd.ended(log, roundId)
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
    ) => Effect.Effect<Round, HandleMessageError, Managers>
  ) {
    const accepted = yield* Deferred.make<RoundStream.Admitted, HandleMessageError>()
    const whole = cancellation
      .withdrawable(sessionId, (begins) =>
        open.use(sessionId, (log) => Effect.andThen(Recovery.recover(log), work(log, begins, accepted)))
      )
      .pipe(Effect.onError((cause) => Deferred.failCause(accepted, cause)))
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
          if (ParkedRounds.parkedIn(log) !== undefined) yield* exit
          yield* ParkedRounds.noneIn(log)
        }
        return yield* cancellation.cancellable(log, begins, limited(log, opening.limits, admit(log, opening, accepted)))
      })
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
    ...SessionEdits.make(open)
  }
})
