import { McpManager, type ServerInstructions } from "@parley/domain/McpManager"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, watched, witness } from "./World.ts"

const answer = ScriptedModel.turn(Chunks.text(0, "ok"), [Chunks.finish()])

/** Servers that say to the model what `said` holds when they are asked. */
const world = (said: { instructions: ReadonlyArray<ServerInstructions> }) => {
  const tools = Layer.effect(
    McpManager,
    Effect.map(McpManager, (mcp) => ({ ...mcp, instructions: Effect.sync(() => said.instructions) }))
  ).pipe(Layer.provideMerge(ScriptedTools.layer({ echo: ScriptedTools.echo })))
  return SessionCoordinator.layer.pipe(
    Layer.provideMerge(witness),
    Layer.provideMerge([
      ScriptedModel.layer([answer, answer, answer]),
      tools,
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ])
  )
}

const mention = "Use echo for what repeats."

it.effect("a server's instructions are in every request, with the same bytes until they change", () => {
  const said: { instructions: ReadonlyArray<ServerInstructions> } = { instructions: [] }
  return Effect.gen(function* () {
    const mcp = yield* McpManager
    const [tool] = yield* mcp.tools
    said.instructions = [{ server: tool?.server ?? assert.fail("no tool"), text: mention }]
    const seen = yield* watched
    yield* send("one")
    yield* send("two")
    said.instructions = []
    yield* send("three")
    const [first, second, third]: ReadonlyArray<ModelRequest> = yield* ScriptedModel.Requests.all
    assert.include(first?.system, mention)
    assert.strictEqual(second?.system, first?.system)
    assert.notInclude(third?.system, mention)
    const built = (yield* log).flatMap(({ event }) => (event._tag === "ContextBuilt" ? [event] : []))
    assert.deepStrictEqual(
      built.map(({ baseline }) => baseline !== undefined),
      [true, false, true],
      "a new baseline when it says something else, and no other"
    )
    const segment = built[0]?.manifest.find(({ source }) => source === `server:${tool?.server}`)
    assert.strictEqual(segment?.provenance, "reviewed")
    yield* checkInvariants(seen)
  }).pipe(Effect.provide(world(said)))
})
