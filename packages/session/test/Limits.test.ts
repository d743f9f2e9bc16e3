import { Overloaded } from "@parley/domain/ModelError"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { send, session, timePasses, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { failing, hanging, turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asks = (i: number) => turn(call(0, "echo", { i }), [finish("tool-calls")])

const settled = Effect.repeat(Effect.yieldNow, { times: 50 })
/** Lets time pass in small steps, so that a provider that speaks now and then is heard. */
const pass = Effect.fnUntraced(function* (seconds: number) {
  yield* settled
  for (let left = seconds; left > 0; left -= 10)
    yield* Effect.andThen(TestClock.adjust(`${Math.min(left, 10)} seconds`), settled)
  return (yield* session).rounds[0]?.turns[0]?.status
})

/** Without a word on limits, how long the first answer is waited for: not given up early, nor much later. */
const patience = Effect.fnUntraced(function* (seconds: number) {
  yield* watched
  const fiber = yield* Effect.forkChild(Effect.exit(send("go")), { startImmediately: true })
  assert.strictEqual(yield* pass(seconds - 1), "streaming")
  assert.strictEqual(yield* pass(1 + 600 / 8 + seconds / 8), "failed")
  yield* Fiber.interrupt(fiber)
})

describe("default limits", () => {
  it.effect("a provider has ten minutes for its first chunk", () =>
    patience(600).pipe(Effect.provide(world([hanging(), answer])))
  )
  it.effect("a provider has two minutes for each further chunk", () =>
    patience(120).pipe(Effect.provide(world([hanging(text(0, "half")), answer])))
  )
  it.effect("a provider has half an hour for one response in total", () =>
    patience(1800).pipe(
      Effect.provide(
        world([
          Stream.fromIterable(Array.from({ length: 1000 }, (_, i) => text(0, `${i} `))).pipe(
            Stream.rechunk(1),
            Stream.schedule(Schedule.spaced("10 seconds")),
            Stream.flatMap((chunks) => Stream.fromArray(chunks))
          ),
          answer
        ])
      )
    )
  )

  const overloaded = (retryAfterMillis?: number) =>
    failing(new Overloaded({ detail: "d", ...(retryAfterMillis === undefined ? {} : { retryAfterMillis }) }))
  it.effect("a request is sent again three times", () =>
    Effect.gen(function* () {
      yield* watched
      yield* timePasses
      assert.strictEqual((yield* Effect.flip(send("go")))._tag, "ModelError")
      assert.lengthOf(yield* ScriptedModel.Requests.all, 4)
    }).pipe(Effect.provide(world([overloaded(), overloaded(), overloaded(), overloaded(), answer])))
  )
  it.effect("the longest wait for a provider is a minute", () =>
    Effect.gen(function* () {
      yield* watched
      yield* timePasses
      yield* Effect.flip(send("go"))
      assert.lengthOf(yield* ScriptedModel.Requests.all, 2)
    }).pipe(Effect.provide(world([overloaded(60_000), overloaded(60_001), answer])))
  )

  it.effect("a round has fifty responses", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepInclude(yield* Effect.flip(send("go")), { _tag: "CapReached", cap: "turns", limit: 50 })
      assert.lengthOf(yield* ScriptedModel.Requests.all, 50)
    }).pipe(Effect.provide(world([...Array.from({ length: 50 }, (_, i) => asks(i)), answer])))
  )
  it.effect("the same call is run at most five times", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepInclude(yield* Effect.flip(send("go")), { _tag: "CapReached", cap: "identicalCalls", limit: 5 })
      assert.lengthOf((yield* ScriptedTools.Calls).started, 5)
    }).pipe(Effect.provide(world([...Array.from({ length: 6 }, () => asks(0)), answer])))
  )

  const ten = Array.from({ length: 10 }, (_, i) => call(i, "echo", { i }))
  it.effect("eight calls of a turn run concurrently", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      const { most, started } = yield* ScriptedTools.Calls
      assert.deepStrictEqual([most, started.length], [8, 10])
    }).pipe(
      Effect.provide(
        world([turn(...ten, [finish("tool-calls")]), answer], { echo: ScriptedTools.steps(20, ScriptedTools.echo) })
      )
    )
  )

  it.effect("a message has at most ten million bytes", () =>
    Effect.gen(function* () {
      yield* watched
      const most = "ü".repeat(5_000_000)
      const tagOf = (request: string) =>
        send(request).pipe(
          Effect.map(({ status }) => status),
          Effect.catch((error) => Effect.succeed(error._tag))
        )
      assert.strictEqual(yield* tagOf(`${most}x`), "InvalidMessage")
      assert.strictEqual(yield* tagOf(most), "completed")
    }).pipe(Effect.provide(world([answer])))
  )
})
