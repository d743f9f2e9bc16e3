import { textOf } from "@parley/domain/Content"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { toResult } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { type Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, until, watched, witness, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asks = (...names: ReadonlyArray<string>) => turn(...names.map((name, i) => call(i, name)), [finish("tool-calls")])

/** `careful` is asked about, `forbidden` never runs, everything else does. */
const policy = (ask: Effect.Effect<Decision>) =>
  Layer.succeed(ToolPolicy, {
    rule: ({ name }) => (name === "careful" ? "ask" : name === "forbidden" ? "deny" : "allow"),
    ask: () => ask
  })
const tools = { careful: ScriptedTools.echo, forbidden: ScriptedTools.echo, echo: ScriptedTools.echo }
const decided = (names: ReadonlyArray<string>, ask: Effect.Effect<Decision>) =>
  world([asks(...names), answer], tools, policy(ask))

const no: Decision = { allowed: false, reason: "the user said no" }
const journal = Effect.map(log, (entries) =>
  entries.flatMap(({ event }) =>
    event._tag === "ToolDecided"
      ? [`${event.callId} ${event.allowed ? "allowed" : "denied"} by ${event.by}`]
      : event._tag === "ToolStarted"
        ? [`${event.callId} started`]
        : event._tag === "ToolSettled"
          ? [`${event.callId} ${event.outcome._tag}`]
          : []
  )
)
const started = Effect.map(ScriptedTools.Calls, ({ started }) => started)

describe("calls are decided before they are started", () => {
  it.effect("a rule that denies: the call never runs, and the model receives the reason", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("go")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 denied by rule", "r1t1c1 Denied"])
      assert.isEmpty(yield* started)
      const result = (yield* ScriptedModel.Requests.all)[1]?.messages.at(-1)?.content[0]
      assert.strictEqual(
        result?._tag === "ToolResult" ? textOf(result.content) : "",
        "Not run: the user's configuration does not allow this tool"
      )
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(decided(["forbidden"], Effect.succeed(no))))
  )

  it.effect("a person who approves: the decision, the start, then the call", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("go")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 allowed by user", "r1t1c1 started", "r1t1c1 Succeeded"])
      assert.deepStrictEqual(round.turns[0]?.toolCalls[0]?.decision, { allowed: true, by: "user" })
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(decided(["careful"], Effect.succeed({ allowed: true }))))
  )

  it.effect("the request for approval has the session, the round and the call", () => {
    const asked: Array<ReadonlyArray<string>> = []
    const listening: ToolPolicy = {
      rule: () => "ask",
      ask: ({ callId, input, roundId, sessionId, tool }) =>
        Effect.sync(() => {
          asked.push([sessionId, roundId, callId, tool.name, ...Object.keys(input)])
          return { allowed: true }
        })
    }
    return Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.deepStrictEqual(asked, [["session-1", "r1", "r1t1c1", "echo"]])
    }).pipe(Effect.provide(world([asks("echo"), answer], tools, Layer.succeed(ToolPolicy, listening))))
  })

  it.effect("a person who denies", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 denied by user", "r1t1c1 Denied"])
      assert.isEmpty(yield* started)
    }).pipe(Effect.provide(decided(["careful"], Effect.succeed(no))))
  )

  it.effect("a question that fails counts as a denial", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual((yield* send("go")).status, "completed")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 denied by user", "r1t1c1 Denied"])
    }).pipe(Effect.provide(decided(["careful"], Effect.die(new Error("the terminal is gone")))))
  )

  it.effect("cancelling the round with an open question: that call never ran, others did", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(send("go"))
      yield* until("ToolSettled")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* journal, ["r1t1c2 started", "r1t1c2 Succeeded", "r1t1c1 NotExecuted"])
      assert.strictEqual((yield* send("and now?")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(decided(["careful", "echo"], Effect.never)))
  )

  it.effect("allowed calls do not wait for calls that need approval", () =>
    Effect.gen(function* () {
      const said = yield* Deferred.make<Decision>()
      yield* Effect.gen(function* () {
        yield* watched
        const fiber = yield* Effect.forkChild(send("go"))
        yield* until("ToolSettled")
        yield* Deferred.succeed(said, { allowed: true })
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(
          (yield* session).turns[0]?.toolCalls.map(({ outcome }) => outcome?._tag),
          ["Succeeded", "Succeeded"]
        )
      }).pipe(Effect.provide(decided(["careful", "echo"], Deferred.await(said))))
    })
  )
})

describe("a lost call", () => {
  /** Each call ends as the next of these says. */
  const ends = (...reasons: ReadonlyArray<"Lost" | "NotSent" | "ok">) => {
    const left = reasons.values()
    const behaviour: ScriptedTools.Behaviour = (input) =>
      Effect.suspend(() => {
        const reason = left.next().value ?? "ok"
        return reason === "ok"
          ? ScriptedTools.says("put")(input)
          : Effect.fail(new ToolError({ tool: "put", reason, problem: `scripted ${reason}` }))
      })
    return behaviour
  }
  const put = (behaviour: ScriptedTools.Behaviour, idempotent: ReadonlyArray<string>) =>
    SessionCoordinator.layer.pipe(
      Layer.provideMerge(witness),
      Layer.provideMerge([
        ScriptedModel.layer([asks("put"), answer]),
        ScriptedTools.layer({ put: behaviour }, { idempotent }),
        SessionManager.layerMemory,
        PromptManager.layerMemory({ instructions: "Be brief." })
      ])
    )
  const outcome = Effect.map(session, ({ turns }) => turns[0]?.toolCalls[0])

  it.effect("is sent once more with the same key if the user marked the tool as idempotent", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("go")
      assert.deepStrictEqual(yield* started, ["session-1/r1/r1t1/r1t1c1", "session-1/r1/r1t1/r1t1c1"])
      assert.deepStrictEqual(yield* journal, ["r1t1c1 started", "r1t1c1 Succeeded"])
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(put(ends("Lost", "ok"), ["put"])))
  )

  it.effect("is never sent again otherwise", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.lengthOf(yield* started, 1)
      assert.deepStrictEqual(yield* journal, ["r1t1c1 started", "r1t1c1 Unknown"])
    }).pipe(Effect.provide(put(ends("Lost", "ok"), [])))
  )

  it.effect("that is lost again is unknown and reported as safe to repeat", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.lengthOf(yield* started, 2)
      const call = yield* outcome
      assert.deepStrictEqual(call?.outcome, { _tag: "Unknown", reason: "scripted Lost", safeToRepeat: true })
      if (call?.outcome === undefined) return
      assert.strictEqual(
        textOf(toResult(call.callId, call.outcome).content),
        "Outcome unknown: scripted Lost. It is safe to repeat."
      )
    }).pipe(Effect.provide(put(ends("Lost", "Lost", "ok"), ["put"])))
  )

  it.effect("is not reported as unsent if only the second attempt was not sent", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.strictEqual((yield* outcome)?.outcome?._tag, "Unknown")
    }).pipe(Effect.provide(put(ends("Lost", "NotSent"), ["put"])))
  )
})
