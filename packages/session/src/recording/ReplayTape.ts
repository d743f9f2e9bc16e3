import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Difference, firstDifference, restore, unequal } from "./Differences.ts"
import type { Outcome, Recorded, Step, StepOf } from "./RecordingFormat.ts"
import { numbering } from "./RecordingTape.ts"
import type { Operation, Port } from "./Tape.ts"

/** Operations in words for people. */
const words: { readonly [op: string]: string } = {
  request: "request to the model",
  append: "group of stored events",
  post: "post",
  posts: "reading of the posts",
  "new posts": "wait for posts",
  "edit post": "edit of a post",
  "withdraw post": "withdrawal of a post",
  "tool call": "tool call",
  attach: "attachment of mentioned files",
  resource: "reading of a resource",
  approval: "question whether a call may run",
  reserve: "reservation of the budget",
  sleep: "wait"
}

/** An operation in words, such as `request to the model 3`. */
export const named = (op: string, n: number): string => `${words[op] ?? op} ${n}`

/** The order of keys is kept, so that a difference in it is found. */
const textOf = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

const keyOf = (op: string, n: number): string => `${op} ${n}`

/** An operation of the engine that waits for its recorded outcome. */
interface Waiting {
  readonly resume: (outcome: Outcome) => void
  readonly before: Parameters<Port["begin"]>[3]
}

/** What the replay does for steps that are no operations of the engine. */
export interface Host<E, E2> {
  readonly ask: (step: StepOf<"ask">) => Effect.Effect<void, E>
  readonly interrupt: (n: number) => void
  /** How a request of the host has ended; undefined if it has not. */
  readonly done: (n: number) => string | undefined
  /** Begins to shut the engine down. */
  readonly close: Effect.Effect<void>
  readonly log: (step: StepOf<"log">) => Effect.Effect<void, E2>
}

/** Milliseconds that the engine may take until it does what was recorded. A bound only for a replay that differs. */
export const patienceMillis = 10_000

/**
 * Plays a recording back: gives the engine the recorded outcomes in the recorded order, each when the engine has reacted to
 * the one before, and compares what the engine does with what was recorded. Nothing is run.
 */
export const make = (recorded: Recorded) => {
  const { steps } = recorded
  const next = numbering()
  const called = new Map<string, Step>()
  const results = new Map<string, Step>()
  const values = new Map<string, StepOf<"value">>()
  for (const step of steps) {
    if (step.kind === "call") called.set(keyOf(step.op, step.n), step)
    if (step.kind === "result") results.set(keyOf(step.op, step.n), step)
    if (step.kind === "value") values.set(keyOf(step.op, step.n), step)
  }
  /** What the engine does after the last step that it receives may be missing: its process may have died there. */
  const lastReceived = steps.findLastIndex(({ kind }) => kind !== "call" && kind !== "value" && kind !== "done")
  const made = new Set<string>()
  const waiting = new Map<string, Waiting>()
  const texts = new Map<string, string>()
  let now = 0
  let position = 0
  const first: { difference?: Difference } = {}
  const differs = (found: Difference | undefined): void => {
    if (found !== undefined) first.difference ??= found
  }

  const compareInput = (where: string, recordedInput: Step, { input }: Operation): void => {
    const expected = "input" in recordedInput ? recordedInput.input : undefined
    if (expected === undefined && input === undefined) return
    differs(firstDifference(where, textOf(expected ?? null), textOf(input ?? null)))
  }

  const compareText = (where: string, { op, text }: Operation, step: Step): void => {
    if (text === undefined || step.kind !== "call" || step.text === undefined) return
    differs(firstDifference(where, restore(texts.get(op) ?? "", step.text), text))
    texts.set(op, text)
  }

  const unexpected = ({ input, text = "" }: Operation, where: string): void => {
    if (position > lastReceived) return
    const begins = input === undefined ? text : `${textOf(input)} ${text}`
    differs(unequal(`${where}, which was not recorded`, "", begins.slice(0, 80)))
  }

  const begin: Port["begin"] = (operation, _start, resume, before) => {
    const { isShown = false, op } = operation
    const n = next(op)
    const key = keyOf(op, n)
    const where = named(op, n)
    const step = isShown ? called.get(key) : results.get(key)
    if (step !== undefined) {
      compareText(where, operation, step)
      compareInput(where, step, operation)
    } else if (isShown) unexpected(operation, where)
    made.add(key)
    waiting.set(key, { resume, before })
    return () => void waiting.delete(key)
  }

  const value: Port["value"] = (operation) => {
    const n = next(operation.op)
    const step = values.get(keyOf(operation.op, n))
    if (step === undefined) {
      unexpected(operation, named(operation.op, n))
      return null
    }
    compareInput(named(operation.op, n), step, operation)
    return step.value
  }

  const port: Port = { isReplay: true, begin, value, now: () => now }

  /** Plays all steps, or those until the first difference. `rest` completes when the engine has reacted. */
  const play = Effect.fnUntraced(function* <E, E2>(rest: Effect.Effect<void>, host: Host<E, E2>) {
    const clock = yield* Clock.Clock
    const nanos = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const until = Effect.fnUntraced(function* (isTrue: () => boolean, missing: () => Difference) {
      const begun = nanos()
      yield* rest
      while (!isTrue() && first.difference === undefined) {
        if (nanos() - begun > patienceMillis) return differs(missing())
        yield* Effect.sleep(1)
        yield* rest
      }
    })
    const one = Effect.fnUntraced(function* (step: Step) {
      switch (step.kind) {
        case "value":
          return
        case "log":
          return yield* host.log(step)
        case "call": {
          const missing = () => unequal(named(step.op, step.n), "was recorded", "the engine did not do it")
          return yield* until(() => made.has(keyOf(step.op, step.n)), missing)
        }
        case "result": {
          const key = keyOf(step.op, step.n)
          const missing = () => unequal(`${named(step.op, step.n)}: its result`, "was received", "nothing waits for it")
          yield* until(() => waiting.has(key), missing)
          const found = waiting.get(key)
          if (found === undefined || first.difference !== undefined) return
          now = step.at
          if (found.before !== undefined && "ok" in step.outcome) yield* found.before(step.outcome)
          waiting.delete(key)
          return found.resume(step.outcome)
        }
        case "ask":
          yield* rest
          now = step.at
          return yield* host.ask(step)
        case "close":
          yield* rest
          now = step.at
          return yield* host.close
        case "interrupt":
          yield* rest
          now = step.at
          return host.interrupt(step.n)
        case "done": {
          const where = `end of request ${step.n} of the host`
          yield* until(
            () => host.done(step.n) !== undefined,
            () => unequal(where, step.how, "it has not ended")
          )
          return differs(firstDifference(where, step.how, host.done(step.n) ?? ""))
        }
      }
    })
    for (const step of steps) {
      position++
      yield* one(step)
      if (first.difference !== undefined) break
    }
    yield* rest
    return { difference: first.difference, played: position }
  })

  return { port, play }
}
