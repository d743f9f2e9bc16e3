import { textOf } from "@parley/domain/Content"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { toResult } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import { type Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SessionCoordinator } from "../src/SessionCoordinator.ts"
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

describe("a call is decided about before it is started", () => {
  it.effect("a rule that denies: it never runs, and the model reads why", () =>
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

  it.effect("a person who says yes: the decision, the start and then the call", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("go")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 allowed by user", "r1t1c1 started", "r1t1c1 Succeeded"])
      assert.deepStrictEqual(round.turns[0]?.toolCalls[0]?.decision, { allowed: true, by: "user" })
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(decided(["careful"], Effect.succeed({ allowed: true }))))
  )

  it.effect("a person who says no", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 denied by user", "r1t1c1 Denied"])
      assert.isEmpty(yield* started)
    }).pipe(Effect.provide(decided(["careful"], Effect.succeed(no))))
  )

  it.effect("a question that breaks is a no", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual((yield* send("go")).status, "completed")
      assert.deepStrictEqual(yield* journal, ["r1t1c1 denied by user", "r1t1c1 Denied"])
    }).pipe(Effect.provide(decided(["careful"], Effect.die(new Error("the terminal is gone")))))
  )

  it.effect("a question that is open when the round is cancelled: the call never ran, and others did", () =>
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

  it.effect("what is allowed does not wait for what is asked about", () =>
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

describe("a call that was lost", () => {
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

  it.effect("is sent once more, with the same key, when the user marked the tool idempotent", () =>
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

  it.effect("and lost again is unknown, and said to be safe to repeat", () =>
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

  it.effect("is not called unsent because the second try was", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.strictEqual((yield* outcome)?.outcome?._tag, "Unknown")
    }).pipe(Effect.provide(put(ends("Lost", "NotSent"), ["put"])))
  )
})
