import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { text } from "../src/Content.ts"
import { DynamicContextManager, layerMemory as slotsInMemory } from "../src/DynamicContextManager.ts"
import { Environment, layerMemory as environmentInMemory } from "../src/Environment.ts"
import { McpManager } from "../src/McpManager.ts"
import { McpRequestError } from "../src/McpOffers.ts"
import { ModelsManager } from "../src/ModelsManager.ts"
import { PromptManager } from "../src/PromptManager.ts"
import { ServerRequests } from "../src/ServerRequests.ts"
import { empty } from "../src/SystemPrompt.ts"
import { zero } from "../src/Usage.ts"

describe("without a layer", () => {
  it.effect("there is no dynamic context, nothing known of where it runs, and nobody to answer servers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* DynamicContextManager).slots, [])
      assert.deepStrictEqual(yield* Environment, { timeZone: "UTC" })
      assert.deepStrictEqual(yield* ServerRequests, {})
    })
  )
})

describe("managers in memory", () => {
  const tools = { b: (input: object) => JSON.stringify(input), a: () => "x" }
  it.effect("offer functions as tools, sorted by name, and run the one that is named", () =>
    Effect.gen(function* () {
      const mcp = yield* McpManager
      const definitions = yield* mcp.tools
      assert.deepStrictEqual(
        definitions.map(({ name, server, tool }) => [name, server, tool]),
        [
          ["a", "memory", "a"],
          ["b", "memory", "b"]
        ]
      )
      assert.deepStrictEqual(yield* mcp.servers, [{ name: "memory", state: "ready", tools: 2 }])
      const context = { idempotencyKey: "k" }
      assert.deepStrictEqual(yield* mcp.call("b", { n: 1 }, context), { isError: false, content: [text('{"n":1}')] })
      const error = yield* Effect.flip(mcp.call("c", {}, context))
      assert.deepStrictEqual([error.reason, error.message], ["NotSent", "c: There is no tool c"])
    }).pipe(Effect.provide(McpManager.layerMemory(tools)))
  )

  it.effect("offer nothing to be read, and say so when asked for it", () =>
    Effect.gen(function* () {
      const mcp = yield* McpManager
      for (const offers of [mcp.resources, mcp.resourceTemplates, mcp.prompts])
        assert.deepStrictEqual(yield* offers, [])
      const asked = [
        Effect.asVoid(mcp.readResource("s", "u:1")),
        Effect.asVoid(mcp.getPrompt("s", "p", {})),
        Effect.asVoid(mcp.complete({ server: "s", of: { prompt: "p" }, argument: "a", value: "" }))
      ]
      for (const ask of asked) {
        const { reason, server } = yield* Effect.flip(ask)
        assert.deepStrictEqual([reason, server], ["Unsupported", "s"])
      }
    }).pipe(Effect.provide(McpManager.layerMemory()))
  )

  it.effect("have a model that answers with the last text it was sent", () =>
    Effect.gen(function* () {
      const models = yield* ModelsManager
      const model = yield* models.preferred
      const [info] = yield* models.models
      const ref = { provider: "p", model: "m" }
      assert.deepStrictEqual(info?.ref, model)
      assert.deepStrictEqual(yield* models.describe(ref), { ...info, ref })
      const request = (...content: ReadonlyArray<ReturnType<typeof text>>) => ({
        model,
        system: "",
        tools: [],
        messages: [
          { role: "user" as const, content: [text("first")] },
          { role: "user" as const, content }
        ]
      })
      assert.deepStrictEqual(yield* Stream.runCollect(models.stream(request(text("a"), text("b")))), [
        { _tag: "TextDelta", index: 0, text: "b" },
        { _tag: "Finish", stop: "end", usage: zero }
      ])
    }).pipe(Effect.provide(ModelsManager.layerMemory))
  )

  const slot = { id: "s", tool: "a", input: {}, timeoutMillis: 1, onFailure: "note" as const }
  it.effect("have the slots, and know of the place, that they were given", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* DynamicContextManager).slots, [slot])
      assert.deepStrictEqual(yield* Environment, { timeZone: "Europe/Berlin" })
    }).pipe(Effect.provide(Layer.merge(slotsInMemory([slot]), environmentInMemory({ timeZone: "Europe/Berlin" }))))
  )

  it.effect("have a prompt that says what it was given and nothing else", () =>
    Effect.gen(function* () {
      const { prompt } = yield* PromptManager
      assert.deepStrictEqual(yield* prompt, { ...empty, rules: ["be brief"] })
      assert.isFalse(empty.includeWorkspaceMetadata || empty.includeSystemInfo || empty.includeDateTime)
    }).pipe(Effect.provide(PromptManager.layerMemory({ rules: ["be brief"] })))
  )
})

it("why a server did not answer comes with what to do about it", () => {
  const said = (reason: McpRequestError["reason"]) => new McpRequestError({ server: "s", reason, problem: "p" }).message
  assert.strictEqual(said("UnknownServer"), "s: p; `parley mcp list` shows the servers there are")
  assert.strictEqual(said("Unavailable"), "s: p; `parley mcp inspect s` shows how it fares")
  assert.strictEqual(said("Unsupported"), "s: p; `parley mcp inspect s` shows what it offers")
  assert.strictEqual(said("Refused"), "s: p")
})
