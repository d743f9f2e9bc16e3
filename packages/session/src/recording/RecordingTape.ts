import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { shorten } from "./Differences.ts"
import { type Step, stepLine } from "./RecordingFormat.ts"
import type { Operation, Port } from "./Tape.ts"

/** A step that waits for its turn. */
export interface Arrival {
  /** Whether the engine still waits for it. */
  readonly isWanted: () => boolean
  /** The line of the step, with the time at which it happened. */
  readonly step: (at: number) => Step
  readonly deliver: () => void
}

/** Numbers the operations of each name. */
export const numbering = () => {
  const last = new Map<string, number>()
  return (op: string): number => {
    const n = (last.get(op) ?? 0) + 1
    last.set(op, n)
    return n
  }
}

const inputOf = ({ input }: Operation) => (input === undefined ? {} : { input })

/**
 * Records: runs what the engine asks for, and delivers the outcomes one at a time, each when the engine has reacted to the
 * one before. A step is written just before it is delivered. `write` receives lines; it must not throw.
 */
export const make = Effect.fnUntraced(function* (write: (line: string) => void) {
  const clock = yield* Clock.Clock
  const arrivals = yield* Queue.unbounded<Arrival>()
  const next = numbering()
  const texts = new Map<string, string>()
  let now = clock.currentTimeMillisUnsafe()

  const add = (step: Step): void => write(stepLine(step))

  const textOf = ({ op, text }: Operation) => {
    if (text === undefined) return {}
    const shortened = shorten(texts.get(op) ?? "", text)
    texts.set(op, text)
    return { text: shortened }
  }

  const begin: Port["begin"] = (operation, start, resume) => {
    const { isShown = false, op } = operation
    const n = next(op)
    let isWanted = true
    if (isShown) add({ kind: "call", op, n, ...inputOf(operation), ...textOf(operation) })
    start((outcome) =>
      Queue.offerUnsafe(arrivals, {
        isWanted: () => isWanted,
        step: (at) => ({ kind: "result", op, n, at, ...(isShown ? {} : inputOf(operation)), outcome }),
        deliver: () => resume(outcome)
      })
    )
    return () => {
      isWanted = false
    }
  }

  const value: Port["value"] = (operation, compute) => {
    const { op } = operation
    const found = compute()
    add({ kind: "value", op, n: next(op), ...inputOf(operation), value: found })
    return found
  }

  const port: Port = { isReplay: false, begin, value, now: () => now }

  /** Delivers steps for as long as the scope is open. `rest` completes when the engine has reacted. */
  const deliver = (rest: Effect.Effect<void>): Effect.Effect<void, never, Scope.Scope> =>
    Queue.take(arrivals).pipe(
      Effect.tap(() => rest),
      Effect.map((arrival) => {
        if (!arrival.isWanted()) return
        // The engine's time never goes back, whatever the machine's clock does.
        now = Math.max(now, clock.currentTimeMillisUnsafe())
        // A step that cannot be written ends the replay there, but the session goes on.
        Result.map(
          Result.try(() => arrival.step(now)),
          add
        )
        arrival.deliver()
      }),
      Effect.forever,
      Effect.forkScoped({ startImmediately: true }),
      Effect.asVoid
    )

  return { port, add, next, deliver, arrive: (arrival: Arrival) => void Queue.offerUnsafe(arrivals, arrival) }
})
