import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Scheduler from "effect/Scheduler"
import type * as Schema from "effect/Schema"
import type { Outcome } from "./RecordingFormat.ts"
import { TapeScheduler } from "./TapeScheduler.ts"

/**
 * Something that the engine asks of what is around it. The n-th operation of a name is the same in recording and replay.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation {
  readonly op: string
  /** What the operation depends on. The replay compares it with the recording. */
  readonly input?: Schema.Json
  /** A long text that mostly repeats that of the previous operation of the same name, such as a request to a model. */
  readonly text?: string
  /** Its beginning is a step of its own: an effect on the outside world, as opposed to a read. */
  readonly isShown?: boolean
}

/**
 * Writes what happens, or plays it back: `RecordingTape` and `ReplayTape`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Port {
  /** Whether this is a replay. Then nothing outside the engine may be touched. */
  readonly isReplay: boolean
  /**
   * Begins an operation. `start` runs it; a replay does not call it. `resume` receives the outcome when it is the turn of
   * that step. The returned function gives the operation up: `resume` is not called after it.
   */
  readonly begin: (
    operation: Operation,
    start: (end: (outcome: Outcome) => void) => void,
    resume: (outcome: Outcome) => void,
    /** In a replay: runs before a successful outcome is delivered. */
    before?: (outcome: Outcome) => Effect.Effect<void>
  ) => () => void
  /** A value that needs no waiting. A replay returns the recorded one. */
  readonly value: (operation: Operation, compute: () => Schema.Json) => Schema.Json
  /** Milliseconds since the epoch when the current step happened. */
  readonly now: () => number
}

/**
 * How the exit of an operation is written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<A, E> {
  /** What is written. */
  readonly encode: (exit: Exit.Exit<A, E>) => Outcome
  /** The exit that a replay receives. */
  readonly decode: (outcome: Outcome) => Exit.Exit<A, E>
}

/**
 * The boundary between a recorded or replayed engine and what is around it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tape {
  /** Writes or plays back the steps. */
  readonly port: Port
  /**
   * Runs an effect of a manager outside of the engine, and delivers its exit as a step. A replay does not run it: it
   * decodes the recorded outcome, or runs `again` in place of a success.
   */
  readonly call: <A, E>(
    operation: Operation,
    effect: Effect.Effect<A, E>,
    codec: Codec<A, E>,
    again?: (outcome: Outcome) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  /** Adds the clock, the random numbers and the scheduler of the engine to a context. */
  readonly inside: (context: Context.Context<never>) => Context.Context<never>
  /** The clock outside of the engine. */
  readonly outsideClock: Clock.Clock
  /** Completes when the engine has reacted to the last step. */
  readonly rest: Effect.Effect<void>
}

/**
 * The defect with which an operation ends in a replay if it ended with a defect.
 *
 * @since 0.1.0
 * @category functions
 */
export const defectOf = (cause: Cause.Cause<unknown>): string =>
  Cause.prettyErrors(cause)[0]?.message ?? "no reason given"

/** The clock, the scheduler and the random numbers outside of the engine. */
const outsideServices = Effect.gen(function* () {
  return servicesOf(yield* Clock.Clock, yield* Random.Random, yield* Scheduler.Scheduler)
})

const servicesOf = (clock: Clock.Clock, random: Random.Random, scheduler: Scheduler.Scheduler) =>
  Context.make(Clock.Clock, clock).pipe(Context.add(Random.Random, random), Context.add(Scheduler.Scheduler, scheduler))

/** A recorded value that someone has edited may not be one of the expected type. */
const decoded = <A, E>(codec: Codec<A, E>, outcome: Outcome): Exit.Exit<A, E> =>
  Result.getOrElse(
    Result.try(() => codec.decode(outcome)),
    () => Exit.die(new Error("the recorded value is not of the expected type"))
  )

/** A value that its schema does not describe ends the replay there, but not the session that is recorded. */
const encoded = <A, E>(codec: Codec<A, E>, exit: Exit.Exit<A, E>): Outcome =>
  Result.getOrElse(
    Result.try(() => codec.encode(exit)),
    () => ({ died: "the recorded value is not of the expected type" })
  )

/**
 * The boundary between a recorded or replayed engine and what is around it. Everything that the engine receives passes
 * through it, one step at a time: results, timers, messages and cancellations. Between two steps the engine's time stands
 * still. So what the engine does is a function of the steps.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (port: Port, seed: string) {
  const services = yield* outsideServices
  const outside = (context: Context.Context<never>) => Context.merge(context, services)
  const scheduler = new TapeScheduler()
  const random = yield* Random.withSeed(Effect.service(Random.Random), seed)

  const call: Tape["call"] = <A, E>(
    operation: Operation,
    effect: Effect.Effect<A, E>,
    codec: Codec<A, E>,
    again?: (outcome: Outcome) => Effect.Effect<A, E>
  ): Effect.Effect<A, E> =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.callback<A, E>((resume) => {
        let fiber: Fiber.Fiber<A, E> | undefined
        let exit: Exit.Exit<A, E> | undefined
        const giveUp = port.begin(
          operation,
          (end) => {
            fiber = Effect.runForkWith(outside(context))(effect)
            fiber.addObserver((ended) => {
              exit = ended
              end(encoded(codec, ended))
            })
          },
          (outcome) => resume(exit ?? decoded(codec, outcome)),
          again === undefined
            ? undefined
            : (outcome) =>
                again(outcome).pipe(
                  Effect.provideContext(outside(context)),
                  Effect.exit,
                  Effect.map((ended) => {
                    exit = ended
                  })
                )
        )
        return Effect.suspend(() => {
          giveUp()
          const running = fiber
          return stop(operation.op, running === undefined ? Effect.void : Fiber.interrupt(running))
        })
      })
    )

  /** Waits for the end of an interrupted operation. Timers end at once. */
  const stop = (op: string, end: Effect.Effect<void>): Effect.Effect<void> =>
    op === "sleep" ? end : call({ op: `${op} stopped` }, end, nothing)

  const sleep = (duration: Duration.Duration) =>
    call(
      { op: "sleep", input: Duration.isFinite(duration) ? Duration.toMillis(duration) : "for ever" },
      Effect.sleep(duration),
      nothing
    )
  const clock = clockOf(port, sleep)

  const own = servicesOf(clock, random, scheduler)
  const inside = (context: Context.Context<never>) => Context.merge(context, own)
  const outsideClock = Context.get(services, Clock.Clock)

  const tape: Tape = { port, call, inside, outsideClock, rest: scheduler.rest }
  return tape
})

/** A clock that shows the time of the current step. */
const clockOf = (port: Pick<Port, "now">, sleep: Clock.Clock["sleep"]): Clock.Clock => {
  const nanos = () => BigInt(port.now()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: port.now,
    currentTimeMillis: Effect.sync(port.now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep
  }
}

/**
 * For operations whose only result is that they have ended.
 *
 * @since 0.1.0
 * @category constants
 */
export const nothing: Codec<void, never> = {
  encode: (exit) => (Exit.isSuccess(exit) ? { ok: null } : { died: defectOf(exit.cause) }),
  decode: (outcome) => ("ok" in outcome ? Exit.void : unfinished(outcome))
}

/**
 * The exit of an outcome that is neither a success nor a typed error.
 *
 * @since 0.1.0
 * @category functions
 */
export const unfinished = (outcome: Outcome): Exit.Exit<never> =>
  "died" in outcome ? Exit.die(new Error(outcome.died)) : Exit.failCause(Cause.interrupt())
