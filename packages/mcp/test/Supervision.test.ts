import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { Connection } from "../src/transport/Connection.ts"
import { noCatalog } from "../src/transport/CatalogRequests.ts"
import { defaultRestartPolicy, type RestartPolicy } from "../src/server/RestartPolicy.ts"
import { initial, type ServerEvent, type ServerState, transition } from "../src/server/ServerState.ts"
import { statusOf } from "../src/server/ServerStatus.ts"
import { supervise } from "../src/server/Supervisor.ts"
import { callTool } from "../src/server/ToolCalls.ts"
import { died, make, stateOf, dispatch } from "../src/server/ToolServer.ts"
import { context, textOf } from "./support.ts"

const connection: Connection = {
  hasTools: true,
  instructions: undefined,
  listTools: () => Effect.succeed({ tools: [] }),
  callTool: ({ tool }) => Effect.succeed({ content: [{ type: "text", text: `called ${tool}` }] }),
  toolsChanged: { next: Effect.never, discard: Effect.void },
  catalog: noCatalog,
  ping: Effect.void,
  closed: Effect.never
}
const echo: ToolDefinition = {
  name: "s__echo",
  server: "s",
  tool: "echo",
  description: "",
  inputSchema: { type: "object" }
}
const ready: ServerEvent = { _tag: "BecameReady", connection, listing: { tools: [echo], note: undefined } }

/** A server whose every run is ready immediately and ends after the same time, and the times when its runs began. */
const supervised = Effect.fnUntraced(function* (lifetime: Duration.Input, policy: Partial<RestartPolicy> = {}) {
  const server = yield* make("s", Duration.minutes(2), { ...defaultRestartPolicy, ...policy })
  const starts: Array<number> = []
  const life = Effect.gen(function* () {
    starts.push(yield* Clock.currentTimeMillis)
    yield* dispatch(server, ready)
    yield* Effect.sleep(lifetime)
    yield* died(server, "it broke")
  })
  const fiber = yield* Effect.forkChild(supervise(server, life), { startImmediately: true })
  return { server, starts, fiber, status: Effect.map(stateOf(server), (state) => statusOf("s", state)) }
})

/** The pauses between each end and the next start, in milliseconds. */
const pauses = (starts: ReadonlyArray<number>, lifetime: number) =>
  starts.slice(1).map((start, i) => start - (starts[i] ?? 0) - lifetime)

const near = (pause: number | undefined, nominal: number) => {
  assert.isAtLeast(pause ?? 0, Math.floor(nominal * 0.8))
  assert.isAtMost(pause ?? 0, Math.ceil(nominal * 1.2))
}

describe("a server that dies", () => {
  it.effect("repeatedly is restarted after pauses that double, and is not restarted the fifth time", () =>
    Effect.gen(function* () {
      const { fiber, starts, status } = yield* supervised("1 second")
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* status, { state: "restarting", tools: 0, problem: "it broke" })
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      const waited = pauses(starts, 1000)
      assert.strictEqual(waited.length, 4)
      ;[500, 1000, 2000, 4000].forEach((nominal, i) => near(waited[i], nominal))
      assert.deepStrictEqual(yield* status, {
        name: "s",
        state: "failed",
        tools: 0,
        problem: "it broke; it failed 5 times within 10 minutes and is not started again",
        restarts: 4,
        lastProblem: "it broke"
      })
    })
  )

  it.effect("waits no longer than the maximum pause", () =>
    Effect.gen(function* () {
      const { starts } = yield* supervised(0, { maxDeaths: 12 })
      yield* TestClock.adjust("1 hour")
      const waited = pauses(starts, 0)
      assert.strictEqual(waited.length, 11)
      for (const pause of waited.slice(6)) near(pause, 30_000)
    })
  )

  it.effect("does not restart at the same instant as others that died with it", () =>
    Effect.gen(function* () {
      const first = yield* Effect.forEach([1, 2, 3, 4], (seed) =>
        Effect.gen(function* () {
          const { starts } = yield* supervised(0)
          yield* TestClock.adjust("1 minute")
          return pauses(starts, 0)[0]
        }).pipe(Random.withSeed(`seed ${seed}`))
      )
      assert.strictEqual(new Set(first).size, 4)
    })
  )

  it.effect("after it stayed ready for ten minutes has no deaths counted", () =>
    Effect.gen(function* () {
      const lifetime = 10 * 60_000
      const { starts, status } = yield* supervised(lifetime)
      yield* TestClock.adjust("5 hours")
      assert.isAtLeast(starts.length, 25)
      for (const pause of pauses(starts, lifetime)) near(pause, 500)
      const { restarts, state } = yield* status
      assert.deepStrictEqual([state, restarts], ["ready", starts.length - 1])
    })
  )

  it.effect("every three minutes is not given up, and every two minutes is", () =>
    Effect.gen(function* () {
      const seldom = yield* supervised("3 minutes")
      const often = yield* supervised("2 minutes")
      yield* TestClock.adjust("2 hours")
      assert.isAtLeast(seldom.starts.length, 35)
      assert.strictEqual(often.starts.length, 5)
      assert.strictEqual((yield* often.status).state, "failed")
    })
  )
})

describe("a call to a server that is restarting", () => {
  const down = Effect.gen(function* () {
    const server = yield* make("s", Duration.minutes(2))
    yield* dispatch(server, ready)
    yield* died(server, "it broke")
    return server
  })

  it.effect("waits for it", () =>
    Effect.gen(function* () {
      const server = yield* down
      const call = yield* Effect.forkChild(callTool(server, echo, {}, context), { startImmediately: true })
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* dispatch(server, { _tag: "Began" })
      yield* dispatch(server, ready)
      assert.strictEqual(textOf((yield* Fiber.join(call)).content), "called echo")
    })
  )

  it.effect("is not sent when that takes ten seconds or the call's timeout, and the error states why", () =>
    Effect.gen(function* () {
      const server = yield* down
      const hasty = { ...server, timeout: Duration.seconds(3) }
      const calls = yield* Effect.forEach([server, hasty], (to) =>
        Effect.forkChild(Effect.flip(callTool(to, echo, {}, context)), { startImmediately: true })
      )
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(
        calls.map((call) => call.pollUnsafe() === undefined),
        [true, false]
      )
      yield* TestClock.adjust("7 seconds")
      const errors = yield* Effect.forEach(calls, Fiber.join)
      for (const { problem, reason } of errors) {
        assert.strictEqual(reason, "NotSent")
        assert.strictEqual(problem, "The server s is not running: it broke. It is being started again: try later")
      }
    })
  )

  it.effect("ends immediately when the server has finally failed, and when it is stopped", () =>
    Effect.gen(function* () {
      const endings: ReadonlyArray<ServerEvent> = [{ _tag: "GaveUp", problem: "it is worn out" }, { _tag: "Stopped" }]
      const problems = yield* Effect.forEach(endings, (ending) =>
        Effect.gen(function* () {
          const server = yield* down
          const call = yield* Effect.forkChild(Effect.flip(callTool(server, echo, {}, context)), {
            startImmediately: true
          })
          yield* dispatch(server, ending)
          return (yield* Fiber.join(call)).problem
        })
      )
      assert.deepStrictEqual(problems, [
        "The server s is not running: it is worn out",
        "The server s is not running: it has been stopped"
      ])
    })
  )

  it.effect("fails if the server came back without the tool", () =>
    Effect.gen(function* () {
      const server = yield* down
      const call = yield* Effect.forkChild(Effect.flip(callTool(server, echo, {}, context)), { startImmediately: true })
      yield* dispatch(server, { _tag: "Began" })
      yield* dispatch(server, { ...ready, listing: { tools: [], note: undefined } })
      const { problem, reason } = yield* Fiber.join(call)
      assert.deepStrictEqual([reason, problem], ["NotSent", "There is no tool s__echo"])
    })
  )
})

describe("an event", () => {
  const after = (...events: ReadonlyArray<ServerEvent>): ServerState =>
    events.reduce((state, event) => transition(defaultRestartPolicy, state, event), initial)
  const death: ServerEvent = { _tag: "Died", problem: "it broke", at: 0, spread: 0.5 }
  const more: ServerEvent = { _tag: "Listed", listing: { tools: [echo, { ...echo, name: "s__b" }], note: undefined } }

  it("that comes too late changes nothing", () => {
    const late = [more, { _tag: "ListingFailed", problem: "x" }, death] as const
    for (const event of late) {
      assert.deepStrictEqual(after(ready, death, event), after(ready, death))
      assert.deepStrictEqual(after({ _tag: "GaveUp", problem: "y" }, event), after({ _tag: "GaveUp", problem: "y" }))
      assert.strictEqual(after(ready, { _tag: "Stopped" }, event)._tag, "Stopped")
    }
    assert.strictEqual(after({ _tag: "Stopped" }, ready)._tag, "Stopped")
  })

  it("shows in the status of the server", () => {
    const said = (...events: ReadonlyArray<ServerEvent>) => statusOf("s", after(...events))
    assert.deepStrictEqual(said(), { name: "s", state: "starting", tools: 0, problem: "it is still starting" })
    assert.deepStrictEqual(said(ready, more), { name: "s", state: "ready", tools: 2 })
    assert.deepStrictEqual(said(ready, death, { _tag: "Began" }), {
      name: "s",
      state: "starting",
      tools: 0,
      problem: "it broke",
      restarts: 1,
      lastProblem: "it broke"
    })
    assert.deepStrictEqual(said(ready, death, { _tag: "Began" }, ready), {
      name: "s",
      state: "ready",
      tools: 1,
      restarts: 1,
      lastProblem: "it broke"
    })
    assert.deepStrictEqual(said(ready, { _tag: "ListingFailed", problem: "it cannot list its tools: x" }), {
      name: "s",
      state: "ready",
      tools: 1,
      problem: "its tools have changed and it cannot list its tools: x"
    })
    assert.deepStrictEqual(said(ready, { _tag: "Stopped" }), {
      name: "s",
      state: "stopped",
      tools: 0,
      problem: "it has been stopped"
    })
  })
})
