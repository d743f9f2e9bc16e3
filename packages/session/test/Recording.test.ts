import { StorageError } from "@parley/domain/Errors"
import { Overloaded, Refused } from "@parley/domain/ModelError"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Latch, Layer, Random, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { parse, RecordingError } from "../src/recording/RecordingFormat.ts"
import * as Replay from "../src/recording/Replay.ts"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { Answer, answers, ask, right, says, wrong } from "./support/OutputWorld.ts"
import { bytesOf, recordedWorld, replay } from "./support/Taped.ts"
import { log, send, sessionId, timePasses, until, watched } from "./World.ts"

const { call, finish, text, thinking } = Chunks
const { failing, hanging, turn } = ScriptedModel
const detail = "scripted"
const answer = turn(text(0, "Done", "."), [finish("end")])
const calls = turn(
  text(0, "Let me see."),
  [...call(1, "echo", { a: 1 }), ...call(2, "late", { b: 2 })],
  [finish("tool-calls")]
)
const tools = {
  echo: ScriptedTools.echo,
  late: ScriptedTools.steps(9, ScriptedTools.says("late")),
  dies: ScriptedTools.dies
}

/** What a replay of these lines finds is nothing, and its log is this one. */
const isReplayed = Effect.fnUntraced(function* (written: ReadonlyArray<string>, recorded: string) {
  const { log, report } = yield* replay(written)
  assert.strictEqual(report.difference, undefined)
  assert.strictEqual(report.played, report.steps)
  assert.strictEqual(bytesOf(log), recorded)
  return report
})

describe("a recording is replayed with the same log", () => {
  it.effect("with a retry, thinking, parallel calls and a tool that dies", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const dying = turn([...call(0, "dies", {})], [finish("tool-calls")])
      const turns = [
        failing(new Overloaded({ detail })),
        calls,
        turn(thinking(0, "hm"), text(1, "So."), [finish("end")]),
        dying,
        answer
      ]
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        yield* timePasses
        yield* send("one")
        yield* send("two")
        return bytesOf(yield* log)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld(turns, written, tools)))
      const report = yield* isReplayed(written, recorded)
      assert.deepInclude(report, { messages: 2, requests: 5, toolCalls: 3, isCut: false })
    })
  )

  it.effect("with messages that were sent during a round, by this process and by another", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const latch = yield* Latch.make(false)
      const held = Stream.tap(answer, (chunk) => (chunk._tag === "Finish" ? latch.await : Effect.void))
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        const coordinator = yield* SessionCoordinator
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        yield* coordinator.send(sessionId, { request: "first", delivery: "steer" })
        const edited = yield* coordinator.send(sessionId, { request: "second", delivery: "queue" })
        yield* coordinator.editMessage(sessionId, edited.messageId, "edited")
        const gone = yield* coordinator.send(sessionId, { request: "third", delivery: "queue" })
        yield* coordinator.withdrawMessage(sessionId, gone.messageId)
        yield* latch.open
        yield* Fiber.join(round)
        yield* Stream.runDrain(coordinator.deliver(sessionId))
        return bytesOf(yield* log)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld([held, answer, answer], written, tools)))
      assert.match(recorded, /MessageDelivered[^]*first[^]*edited/)
      assert.notInclude(recorded, "third")
      yield* isReplayed(written, recorded)
    })
  )

  it.effect("with an answer that follows a schema and is corrected", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        const round = yield* ask(Answer)
        assert.strictEqual(round.value?.name, "Ann")
        return bytesOf(yield* log)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld([says(wrong), answers(right)], written, tools)))
      assert.include(recorded, "OutputRejected")
      yield* isReplayed(written, recorded)
    })
  )

  it.effect("of a session that had rounds before, whose log has gaps", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const sessions = yield* Layer.build(SessionManager.layerMemory)
      const world = (lines: Array<string>) =>
        recordedWorld([calls, answer], lines, tools, Layer.succeedContext(sessions))
      yield* Effect.gen(function* () {
        yield* watched
        yield* send("before")
      }).pipe(Effect.scoped, Effect.provide(world([]), { local: true }))
      const recorded = yield* Effect.gen(function* () {
        yield* send("now")
        return bytesOf(yield* log)
      }).pipe(Effect.provide(world(written), { local: true }))
      assert.match(recorded, /"before"/)
      yield* isReplayed(written, recorded)
    })
  )

  it.effect("with failures of the model and of the store, which have the same end", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const full = new StorageError({ operation: "append", reason: "Full", detail: "scripted" })
      let appends = 0
      const sessions = Layer.effect(
        SessionManager,
        Effect.map(SessionManager, (manager) =>
          SessionManager.of({
            ...manager,
            append: (...args) => (++appends === 8 ? Effect.fail(full) : manager.append(...args))
          })
        )
      ).pipe(Layer.provide(SessionManager.layerMemory))
      const turns = [failing(new Refused({ detail }), text(0, "No")), calls, answer]
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        const refused = yield* Effect.result(send("one"))
        assert.isTrue(Result.isFailure(refused))
        const stored = yield* Effect.result(send("two"))
        assert.strictEqual(Result.isFailure(stored) ? stored.failure._tag : "", "StorageError")
        return bytesOf(yield* log)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld(turns, written, tools, sessions)))
      yield* isReplayed(written, recorded)
      assert.include(written.join(""), '"how":"StorageError: ')
    })
  )

  it.effect("with a round that runs when the engine is shut down", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const sessions = yield* Layer.build(SessionManager.layerMemory)
      yield* Effect.gen(function* () {
        yield* watched
        const coordinator = yield* SessionCoordinator
        yield* coordinator.submit({ sessionId, request: "one" })
        yield* coordinator.events(sessionId).pipe(
          Stream.takeUntil(({ event }) => event._tag === "TurnDelta"),
          Stream.runDrain
        )
      }).pipe(
        Effect.scoped,
        Effect.provide(recordedWorld([hanging(text(0, "It "))], written, tools, Layer.succeedContext(sessions)), {
          local: true
        })
      )
      const recorded = bytesOf(yield* Effect.provideContext(log, sessions))
      assert.match(recorded, /RoundCancelled/)
      yield* isReplayed(written, recorded)
    })
  )

  it.effect("with a tool that ends late after its time is up, while another one returns", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const latch = yield* Latch.make(false)
      const lingers = () =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.andThen(latch.open, Effect.repeat(Effect.yieldNow, { times: 60 }))
        )
      const both = turn([...call(0, "lingers"), ...call(1, "returns")], [finish("tool-calls")])
      const returns: ScriptedTools.Behaviour = (input) => Effect.andThen(latch.await, ScriptedTools.echo(input))
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        const coordinator = yield* SessionCoordinator
        const fiber = yield* Effect.forkChild(coordinator.handleMessage({ sessionId, request: "one" }), {
          startImmediately: true
        })
        yield* until("ToolStarted")
        for (let i = 0; i < 20; i++) yield* Effect.yieldNow
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(fiber)
        return yield* log
      }).pipe(
        Effect.scoped,
        Effect.provideService(Limits, { ...defaults, toolMillis: 1000 }),
        Effect.provide(recordedWorld([both, answer], written, { lingers, returns }))
      )
      const settled = recorded.flatMap(({ event }) => (event._tag === "ToolSettled" ? [event.callId] : []))
      assert.deepStrictEqual(settled, ["r1t1c2", "r1t1c1"])
      yield* isReplayed(written, bytesOf(recorded))
    })
  )

  it.effect("without the time, the random numbers and the prompt of the replay", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      yield* TestClock.setTime(1_800_000_000_000)
      const prompt = PromptManager.layerMemory({ instructions: "Be brief.", includeDateTime: true })
      const turns = [failing(new Overloaded({ detail })), answer]
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        yield* timePasses
        yield* send("one")
        return bytesOf(yield* log)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld(turns, written, tools, undefined, prompt)))
      assert.include(recorded, "2027-01-15")
      const found = yield* isReplayed(written, recorded).pipe(Random.withSeed("another"))
      assert.isAbove(yield* TestClock.withLive(Clock.currentTimeMillis), 0)
      assert.strictEqual(found.events, recorded.split("\n").length + 1, "one delta was removed")
    })
  )
})

describe("a recording is written as it happens", () => {
  it.effect("the line of a tool call is there before the tool is called", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const seen: Array<boolean> = []
      const looks: ScriptedTools.Behaviour = (input) =>
        Effect.andThen(
          Effect.sync(() => seen.push(written.at(-1)?.includes('"op":"tool call"') === true)),
          ScriptedTools.echo(input)
        )
      yield* Effect.gen(function* () {
        yield* watched
        yield* send("one")
      }).pipe(
        Effect.scoped,
        Effect.provide(recordedWorld([turn(call(0, "looks"), [finish("tool-calls")]), answer], written, { looks }))
      )
      assert.deepStrictEqual(seen, [true])
    })
  )

  it.effect("each beginning of it is replayed as far as it goes", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      yield* Effect.gen(function* () {
        yield* watched
        const fiber = yield* Effect.forkChild(send("one"), { startImmediately: true })
        yield* Fiber.join(fiber)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld([calls, answer], written, tools)))
      const asked = written.findIndex((line) => line.includes('"kind":"ask"'))
      for (let end = asked + 1; end < written.length - 2; end++) {
        const { report } = yield* replay([...written.slice(0, end), '{"kind":"resu'])
        assert.strictEqual(report.difference, undefined, `after line ${end}`)
        assert.isTrue(report.isCut)
      }
    })
  )
})

const header = '{"parley":"recording","version":1,"seed":"1"}\n'
const problemOf = (text: string): RecordingError["reason"]["_tag"] | undefined => {
  const parsed = parse("x.jsonl", text)
  return Result.isFailure(parsed) ? parsed.failure.reason._tag : undefined
}

describe("a text that cannot be replayed", () => {
  it("is no recording, of another version, or damaged, and the message says which", () => {
    assert.strictEqual(problemOf(""), "NotRecording")
    assert.strictEqual(problemOf("hello\n"), "NotRecording")
    assert.strictEqual(problemOf(header.replace("1,", "2,")), "Version")
    assert.strictEqual(problemOf(`${header}{"kind":"close","at":1}\nnothing\n`), "Damaged")
    assert.strictEqual(problemOf(`${header}{"kind":"close","at":1}\n{"kind":"cl`), undefined)
    const message = (found: number) =>
      new RecordingError({ name: "x.jsonl", reason: { _tag: "Version", found, supported: 1 } }).message
    assert.include(message(2), "a newer Parley wrote")
    assert.include(message(0), "Use the Parley that recorded it")
  })

  it.effect("without a message there is nothing to replay", () =>
    Effect.gen(function* () {
      const recorded = yield* Effect.fromResult(parse("x.jsonl", header))
      const error = yield* Effect.flip(Replay.run({ name: "x.jsonl", recorded }))
      assert.strictEqual(error.message, "x.jsonl: it contains no message, so there is nothing to replay")
    })
  )
})

describe("a replay that differs", () => {
  const changed = (from: string, to: string) =>
    Effect.gen(function* () {
      const written: Array<string> = []
      yield* Effect.gen(function* () {
        yield* watched
        yield* send("one")
      }).pipe(Effect.scoped, Effect.provide(recordedWorld([calls, answer], written, tools)))
      const text = written.join("").replace(from, to)
      assert.notStrictEqual(text, written.join(""))
      return (yield* replay([text])).report.difference
    })

  it.effect("names the stored event, the field and the byte", () =>
    Effect.gen(function* () {
      const difference = yield* changed('"text":"one"', '"text":"0ne"')
      assert.strictEqual(difference?.where, "group of stored events 1")
      assert.strictEqual(difference?.field, "events[0].request[0].text")
      assert.include(difference?.expected, '"text":"0ne"')
      assert.include(difference?.received, '"text":"one"')
    })
  )

  it.effect("names a call that was recorded with other arguments", () =>
    Effect.gen(function* () {
      const difference = yield* changed('{"tool":"echo","input":{"a":1}}}', '{"tool":"echo","input":{"a":2}}}')
      assert.strictEqual(difference?.where, "tool call 1")
      assert.strictEqual(difference?.field, "input.a")
    })
  )

  it.effect("names a wait that was recorded with another length", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      yield* Effect.gen(function* () {
        yield* watched
        yield* timePasses
        yield* send("one")
      }).pipe(Effect.scoped, Effect.provide(recordedWorld([failing(new Overloaded({ detail })), answer], written)))
      const seed = written[0]?.replace(/"seed":"[^"]*"/, '"seed":"another"') ?? ""
      const { report } = yield* replay([seed, ...written.slice(1)])
      assert.strictEqual(report.difference?.field, "events[0].delayMillis")
    })
  )
})

it.effect("a recorded coordinator passes on what does not change sessions", () =>
  Effect.gen(function* () {
    const written: Array<string> = []
    yield* Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      yield* send("one")
      yield* coordinator.pin(sessionId, { kind: "goal", text: "Words" })
      assert.deepStrictEqual(
        (yield* coordinator.pins(sessionId)).map(({ text }) => text),
        ["Words"]
      )
      assert.strictEqual((yield* coordinator.buildContext(sessionId, "two")).request.messages.length > 1, true)
      assert.deepStrictEqual(yield* coordinator.recover, [])
    }).pipe(Effect.scoped, Effect.provide(recordedWorld([answer], written)))
    assert.strictEqual(written.filter((line) => line.includes('"kind":"ask"')).length, 2)
    const { report } = yield* replay(written)
    assert.strictEqual(report.difference, undefined)
  })
)
