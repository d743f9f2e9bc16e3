import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, send, session, watched, witness } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel

/** Offers `old` until that is called, and from then on `fresh`, as a server does whose tools change while a round runs. */
const changing = Layer.effect(
  McpManager,
  Effect.gen(function* () {
    const manager = yield* McpManager
    const called = { old: false }
    return McpManager.of({
      ...manager,
      tools: Effect.map(manager.tools, (tools) => tools.filter(({ name }) => (name === "fresh") === called.old)),
      call: (name, input, context) =>
        Effect.tap(
          manager.call(name, input, context),
          Effect.sync(() => (called.old = true))
        )
    })
  })
).pipe(Layer.provideMerge(ScriptedTools.layer({ old: ScriptedTools.echo, fresh: ScriptedTools.echo })))

const turns = [
  turn(call(0, "old"), [finish("tool-calls")]),
  turn(call(0, "fresh"), [finish("tool-calls")]),
  turn(text(0, "Done."), [finish()]),
  turn(call(0, "fresh"), [finish("tool-calls")]),
  turn(text(0, "Done."), [finish()])
]

const world = SessionCoordinator.layer.pipe(
  Layer.provideMerge(witness),
  Layer.provideMerge([
    ScriptedModel.layer(turns),
    changing,
    SessionManager.layerMemory,
    PromptManager.layerMemory({ instructions: "Be brief." })
  ])
)

it.effect("a round keeps the tools with which it began, and the next round has the current ones", () =>
  Effect.gen(function* () {
    const seen = yield* watched
    yield* send("go")
    yield* send("and again")
    const requests = yield* ScriptedModel.Requests.all
    assert.deepStrictEqual(
      requests.map(({ tools }) => tools.map(({ name }) => name)),
      [["old"], ["old"], ["old"], ["fresh"], ["fresh"]]
    )
    const outcomes = (yield* session).turns.flatMap(({ toolCalls }) => toolCalls.map(({ outcome }) => outcome?._tag))
    // The second call was to a tool that the round did not have, although it was there by then.
    assert.deepStrictEqual(outcomes, ["Succeeded", "Failed", "Succeeded"])
    assert.strictEqual((yield* ScriptedTools.Calls).started.length, 2)
    yield* checkInvariants(seen)
  }).pipe(Effect.provide(world))
)
