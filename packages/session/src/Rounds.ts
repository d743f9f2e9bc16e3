import type { HandleMessageError } from "@parley/domain/Errors"
import { toFailure } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { Round } from "@parley/domain/Session"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"
import { fromEvents } from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Between from "./Between.ts"
import * as Caps from "./Caps.ts"
import * as Closing from "./Closing.ts"
import * as CompactionRound from "./CompactionRound.ts"
import * as OpenSessions from "./OpenSessions.ts"
import * as Recovery from "./Recovery.ts"
import * as Request from "./Request.ts"
import { RetryGate } from "./RetryGate.ts"
import * as RoundRunner from "./RoundRunner.ts"
import { Sampled, SinceRound } from "./Sampled.ts"
import type { Accepted, HandleMessage } from "./SessionCoordinator.ts"
import type { SessionLog } from "./SessionLog.ts"

/** Of a round that is not about a message. */
const nothing = { request: [], outside: [] }

/** What the user says, or that the history is to be made smaller. */
type Message = HandleMessage & { readonly purpose?: "compaction" }

type Managers = PromptManager | SessionManager | McpManager | ModelsManager
type RoundEnd = EventOf<"RoundCompleted" | "RoundFailed" | "RoundCancelled">

const endOf = (roundId: RoundEnd["roundId"], exit: Exit.Exit<StopReason, HandleMessageError>): RoundEnd => {
  if (Exit.isSuccess(exit)) return { _tag: "RoundCompleted", roundId, stop: exit.value }
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return { _tag: "RoundFailed", roundId, failure: toFailure(error.value) }
  if (!Cause.hasDies(exit.cause)) return { _tag: "RoundCancelled", roundId }
  const message = Cause.prettyErrors(exit.cause)[0]?.message ?? "no reason given"
  return { _tag: "RoundFailed", roundId, failure: { error: "Defect", message } }
}

/** Closes the round whatever happened, with everything that is still owed. With a log that failed it cannot: recovery will. */
const close = (log: SessionLog, exit: Exit.Exit<StopReason, HandleMessageError>) =>
  Effect.suspend(() => {
    const { round } = log.state
    if (round === undefined || !round.open) return Effect.void
    const failure = log.failure()
    if (failure !== undefined) return Effect.fail(failure)
    return log.append(Closing.events(log.state, endOf(round.id, exit)))
  })

/**
 * Runs a round and closes it. An end that could not be stored is the worse news: it stands in place of the round's own
 * error, and where nobody waits for an error any more, because the round was cancelled, it is logged.
 */
const closing = <R>(log: SessionLog, work: Effect.Effect<StopReason, HandleMessageError, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(work)), (exit) =>
      close(log, exit).pipe(
        Effect.tapError((error) =>
          Exit.hasInterrupts(exit)
            ? Effect.logError(`The end of the round is not stored. ${error.message}`)
            : Effect.void
        ),
        Effect.andThen(exit)
      )
    )
  )

/** What a round's fiber leaves behind for those who wait for it. */
interface Waiting {
  readonly accepted: Deferred.Deferred<Accepted, HandleMessageError>
  /** Set when the round is closed, also when its fiber was interrupted. */
  closed?: Round
}

/** Runs rounds: one at a time per session, each in a fiber of its own. */
export const make = Effect.gen(function* () {
  const open = yield* OpenSessions.make
  const gate = new RetryGate()
  const fibers = yield* FiberSet.make<Round, HandleMessageError>()
  const running = new Map<SessionId, Fiber.Fiber<unknown, unknown>>()

  const earlier = Effect.fnUntraced(function* (log: SessionLog, { requestId, sessionId }: HandleMessage) {
    const known = requestId === undefined ? undefined : log.state.requests.get(requestId)
    if (known === undefined) return undefined
    const entries = yield* Effect.flatMap(SessionManager, (sessions) => sessions.read(sessionId, 0))
    return fromEvents(sessionId, entries).rounds.find((round) => round.id === known)
  })

  const admit = Effect.fnUntraced(function* (log: SessionLog, options: Message, waiting: Waiting) {
    const { requestId, sessionId } = options
    const previous = yield* earlier(log, options)
    if (previous !== undefined) {
      yield* Deferred.succeed(waiting.accepted, { sessionId, roundId: previous.id })
      return previous
    }
    const models = yield* ModelsManager
    const { purpose } = options
    const said = purpose === undefined ? yield* Request.validate(options.request) : nothing
    const model = yield* models.describe(options.model ?? (yield* models.preferred))
    yield* Caps.allPriced(model, purpose)
    yield* Caps.accountable(log.state, model)
    const roundId = log.state.nextRoundId
    const started: SessionEvent = {
      _tag: "RoundStarted",
      roundId,
      ...said,
      ...(requestId === undefined ? {} : { requestId }),
      ...(purpose === undefined ? {} : { purpose })
    }
    const refresh = options.refresh ?? []
    const run =
      purpose === undefined
        ? RoundRunner.run({ log, roundId, mentions: options.mentions ?? Request.own(said), refresh, model, gate })
        : CompactionRound.run({ log, roundId, model, gate })
    const sinceRound = (yield* Sampled)?.round()
    const round = log
      .append([started])
      .pipe(
        Effect.andThen(Deferred.succeed(waiting.accepted, { sessionId, roundId })),
        Effect.andThen(sinceRound === undefined ? run : Effect.provideService(run, SinceRound, sinceRound))
      )
    yield* closing(log, round).pipe(
      Effect.onExit(() =>
        Effect.sync(() => {
          if (log.state.round?.open === false) waiting.closed = log.state.round.round()
        })
      )
    )
    return waiting.closed ?? (yield* Effect.die(`round ${roundId} ended without being closed`))
  })

  const work = (options: Message, waiting: Waiting) =>
    open
      .use(options.sessionId, (log) =>
        Effect.withFiber<Round, HandleMessageError, Managers>((fiber) => {
          running.set(options.sessionId, fiber)
          return Recovery.recover(log).pipe(
            Effect.andThen(admit(log, options, waiting)),
            Effect.ensuring(Effect.sync(() => running.delete(options.sessionId)))
          )
        })
      )
      .pipe(Effect.onError((cause) => Deferred.failCause(waiting.accepted, cause)))

  const start = Effect.fnUntraced(function* (options: Message) {
    const waiting: Waiting = { accepted: yield* Deferred.make<Accepted, HandleMessageError>() }
    return { waiting, fiber: yield* FiberSet.run(fibers, work(options, waiting)) }
  })

  const handle = (options: Message) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(start(options), ({ fiber, waiting }) =>
        restore(Fiber.await(fiber)).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(fiber)),
          Effect.flatMap((exit) =>
            Exit.hasInterrupts(exit) && waiting.closed !== undefined ? Effect.succeed(waiting.closed) : exit
          )
        )
      )
    )

  const submit = (options: Message) => Effect.flatMap(start(options), ({ waiting }) => Deferred.await(waiting.accepted))

  const cancel = (id: SessionId) =>
    Effect.suspend(() => {
      const fiber = running.get(id)
      return fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
    })

  const recover = Effect.gen(function* () {
    const sessions = yield* SessionManager
    const candidates = yield* sessions.list({ open: true })
    const idle = candidates.filter(({ id }) => !running.has(id))
    return (yield* Effect.forEach(idle, ({ id }) => Recovery.report(id, open.use(id, Recovery.recover)))).flat()
  })

  return { handle, submit, cancel, recover, ...Between.make(open) }
})
