import { roundId, SessionId, SessionIds } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { Overloaded } from "@parley/domain/ModelError"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { hasEscapedKey, type Script } from "../src/parts/Arbitraries.ts"
import * as Chunks from "../src/parts/Chunks.ts"
import * as Fixed from "../src/parts/Fixed.ts"
import { asked, at, fact, t1 } from "../src/contract/ContractEvents.ts"
import * as ScriptedModel from "../src/scripted/ScriptedModel.ts"
import * as ScriptedTools from "../src/scripted/ScriptedTools.ts"
import * as Scripts from "../src/scripted/Scripts.ts"
import * as SlowSessions from "../src/scripted/SlowSessions.ts"
import * as Waiting from "../src/parts/Waiting.ts"

const { call, finish, text, thinking } = Chunks
const request = { model: ScriptedModel.ref, system: "", tools: [], messages: [] }

describe("a scripted model", () => {
  it("streams text, thinking and calls in pieces, as providers do", () => {
    assert.deepStrictEqual(text(2, "a", "b"), [
      { _tag: "TextDelta", index: 2, text: "a" },
      { _tag: "TextDelta", index: 2, text: "b" }
    ])
    assert.deepStrictEqual(thinking(1, "a", "b").at(-1), {
      _tag: "ThinkingEnd",
      index: 1,
      provider: "scripted",
      raw: '{"thinking":"ab"}'
    })
    const input = (chunks: ReadonlyArray<ProviderChunk>) =>
      chunks.flatMap((chunk) => (chunk._tag === "ToolInputDelta" ? [chunk.json] : []))
    assert.deepStrictEqual(input(call(0, "t", { a: 1 })), ['{"a"', ":1}"])
    assert.deepStrictEqual(input(call(0, "t", "{cut")), ["{c", "ut"])
    assert.deepInclude(finish("length", "why"), { stop: "length", detail: "why" })
    assert.notProperty(finish(), "detail")
  })

  it.effect("plays one turn for each request, records the requests, and dies after the last scripted turn", () =>
    Effect.gen(function* () {
      const models = yield* ModelsManager
      const ask = (system: string) => Stream.runCollect(models.stream({ ...request, system }))
      assert.deepStrictEqual(yield* ask("one"), [...text(0, "a"), finish()])
      const broken = yield* Effect.flip(ask("two"))
      assert.strictEqual(broken.reason._tag, "Overloaded")
      const waiting = yield* Effect.forkChild(ask("three"), { startImmediately: true })
      yield* Effect.repeat(Effect.yieldNow, { times: 20 })
      assert.isUndefined(waiting.pollUnsafe())
      yield* Fiber.interrupt(waiting)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(ask("four"))))
      const asked = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(
        asked.map(({ system }) => system),
        ["one", "two", "three", "four"]
      )
      const other = { provider: "p", model: "m" }
      assert.deepInclude(yield* models.describe(other), { ref: other, contextWindow: 9 })
    }).pipe(
      Effect.provide(
        ScriptedModel.layer(
          [
            ScriptedModel.turn(text(0, "a"), [finish()]),
            ScriptedModel.failing(new Overloaded({ detail: "d" }), text(0, "half")),
            ScriptedModel.hanging(text(0, "half"))
          ],
          { contextWindow: 9 }
        )
      )
    )
  )

  it("plays a generated script with its failed attempts, and repeats its ending for every retry", () => {
    const turn = { attempts: ["broken" as const], texts: ["a"], thinks: true, tools: [] }
    const turns = (ending: Script["ending"], ...more: Script["turns"]) => Scripts.turns({ turns: more, ending }).length
    assert.deepStrictEqual(
      (["answer", "refusal", "length", "stream-error", "silent-end"] as const).map((ending) => turns(ending)),
      [1, 1, 2, 4, 4]
    )
    assert.strictEqual(turns("answer", turn, { ...turn, attempts: [] }), 4)
  })

  it.effect("stops with tool calls if a generated turn has some, one of them malformed", () =>
    Effect.gen(function* () {
      const script = (tools: Script["turns"][number]["tools"]): Script => ({
        turns: [{ attempts: [], texts: ["a"], thinks: true, tools }],
        ending: "answer"
      })
      const played = (tools: Script["turns"][number]["tools"]) =>
        Stream.runCollect(Scripts.turns(script(tools))[0] ?? Stream.empty)
      const chunks = yield* played(["echo", "malformed"])
      assert.deepStrictEqual(chunks.at(-1), finish("tool-calls"))
      assert.deepStrictEqual((yield* played([])).at(-1), finish("end"))
      const started = chunks.flatMap((chunk) => (chunk._tag === "ToolCallStart" ? [[chunk.index, chunk.name]] : []))
      assert.deepStrictEqual(started, [
        [2, "echo"],
        [3, "malformed"]
      ])
      const json = chunks.map((chunk) => (chunk._tag === "ToolInputDelta" ? chunk.json : "")).join("")
      assert.strictEqual(json, '{"i":0}{"cut":')
    })
  )
})

describe("scripted tools", () => {
  const { after, dies, echo, fails, hangs, lost, says, steps } = ScriptedTools
  it.effect("behave as scripted, and record the calls that reached them", () =>
    Effect.gen(function* () {
      const mcp = yield* McpManager
      const run = (name: string) => Effect.exit(mcp.call(name, { n: 1 }, { idempotencyKey: `k/${name}` }))
      const output = (exit: Exit.Exit<unknown, unknown>) => (Exit.isSuccess(exit) ? exit.value : undefined)
      const said = (text: string, isError = false) => ({ isError, content: [{ _tag: "Text", text }] })
      assert.deepStrictEqual(output(yield* run("echo")), said('{"n":1}'))
      assert.deepStrictEqual(output(yield* run("says")), said("yes"))
      assert.deepStrictEqual(output(yield* run("fails")), said("no", true))
      assert.isTrue(Exit.hasDies(yield* run("dies")))
      const reasonOf = (name: string) =>
        Effect.map(Effect.flip(mcp.call(name, {}, { idempotencyKey: "l" })), ({ reason }) => reason)
      assert.deepStrictEqual([yield* reasonOf("lost"), yield* reasonOf("none")], ["Lost", "NotSent"])
      const begun = ["hangs", "later", "steps"].map(run)
      const fibers = yield* Effect.forEach(begun, (one) => Effect.forkChild(one, { startImmediately: true }))
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      const ended = () => fibers.map((fiber) => fiber.pollUnsafe() !== undefined)
      assert.deepStrictEqual(ended(), [false, false, true])
      yield* TestClock.adjust("1 second")
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.deepStrictEqual(ended(), [false, true, true])
      const calls = yield* ScriptedTools.Calls
      assert.strictEqual(calls.most, 3)
      assert.deepStrictEqual(calls.started.slice(-3), ["k/hangs", "k/later", "k/steps"])
      assert.deepStrictEqual(calls.ended.slice(-2), ["k/steps", "k/later"])
      const tools = yield* mcp.tools
      assert.deepStrictEqual(
        tools.filter(({ safeToRepeat }) => safeToRepeat === "idempotent").map(({ name }) => name),
        ["lost"]
      )
      assert.isTrue(tools.every(({ name }, i) => i === 0 || (tools[i - 1]?.name ?? "") < name))
    }).pipe(
      Effect.provide(
        ScriptedTools.layer(
          {
            says: says("yes"),
            echo,
            fails: fails("no"),
            dies,
            lost,
            hangs,
            later: after("1 second", echo),
            steps: steps(20, echo)
          },
          { idempotent: ["lost"] }
        )
      )
    )
  )
})

describe("test helpers", () => {
  it.effect("session ids are counted from 1", () =>
    Effect.gen(function* () {
      const next = Effect.flatten(SessionIds)
      assert.deepStrictEqual([yield* next, yield* next], [SessionId.make("ses_1"), SessionId.make("ses_2")])
    }).pipe(Effect.provide(Fixed.layerIds))
  )

  it("a key that JSON escapes is found at any depth, and string values are ignored", () => {
    for (const value of [{ 'a"': 1 }, { a: [{ "\\": 1 }] }]) assert.isTrue(hasEscapedKey(value))
    for (const value of [{ a: '"' }, ["\\"], "\n", null]) assert.isFalse(hasEscapedKey(value))
  })

  it.effect("a slow disk stores one append at a time, each after its scheduler steps", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      const append = (after: number) =>
        Effect.forkChild(sessions.append(id, at(after), [fact]), { startImmediately: true })
      const first = yield* append(0)
      const second = yield* append(1)
      yield* Effect.repeat(Effect.yieldNow, { times: 5 })
      assert.isEmpty(yield* sessions.read(id, 0))
      yield* Fiber.join(first)
      assert.lengthOf(yield* sessions.read(id, 0), 1)
      yield* Fiber.join(second)
      assert.lengthOf(yield* sessions.read(id, 0), 2)
    }).pipe(Effect.provide(SlowSessions.layer(10)))
  )

  it.effect("the clock advances while a retry is pending, and stops at the next event", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      yield* Waiting.passes(id)
      const steps = Effect.repeat(Effect.yieldNow, { times: 100 })
      yield* sessions.append(id, at(0), [asked("go")])
      yield* steps
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      const failure = { error: "E", message: "m" }
      const waits = { roundId: roundId(1), turnId: t1, attempt: 1, delayMillis: 1, failure }
      yield* sessions.append(id, at(1), [{ ...waits, _tag: "RetryScheduled" }])
      yield* steps
      const passed = yield* Clock.currentTimeMillis
      assert.isAtLeast(passed, 5000)
      yield* sessions.append(id, at(2), [fact])
      yield* steps
      const stood = yield* Clock.currentTimeMillis
      yield* steps
      assert.strictEqual(yield* Clock.currentTimeMillis, stood)
    }).pipe(Effect.scoped, Effect.provide(SessionManager.layerMemory))
  )
})
