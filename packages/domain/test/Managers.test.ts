import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { text } from "../src/Content.ts"
import { DynamicContextManager, DynamicSlot, layerMemory as slotsInMemory } from "../src/DynamicContextManager.ts"
import { FilesManager } from "../src/FilesManager.ts"
import { Environment, layerMemory as environmentInMemory } from "../src/Environment.ts"
import { McpManager } from "../src/McpManager.ts"
import { McpRequestError } from "../src/McpCatalog.ts"
import { ModelsManager } from "../src/ModelsManager.ts"
import { PromptManager } from "../src/PromptManager.ts"
import { ServerRequests } from "../src/ServerRequests.ts"
import { empty } from "../src/SystemPrompt.ts"
import { zero } from "../src/Usage.ts"

describe("without a layer", () => {
  it.effect("there are no slots, the environment is unknown, and requests of servers have no handler", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* DynamicContextManager).slots, [])
      assert.deepStrictEqual(yield* Environment, { timeZone: "UTC" })
      assert.deepStrictEqual(yield* ServerRequests, {})
    })
  )
})

describe("managers in memory", () => {
  const tools = { b: (input: object) => JSON.stringify(input), a: () => "x" }
  it.effect("offer functions as tools, sorted by name, and run them by name", () =>
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

  it.effect("offer no resources and prompts, and report requests for them as unsupported", () =>
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

  it.effect("have a model that responds with the last text it received", () =>
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
  it.effect("return the slots and the environment that they were created with", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* DynamicContextManager).slots, [slot])
      assert.deepStrictEqual(yield* Environment, { timeZone: "Europe/Berlin" })
    }).pipe(Effect.provide(Layer.merge(slotsInMemory([slot]), environmentInMemory({ timeZone: "Europe/Berlin" }))))
  )

  it.effect("have a prompt with only the parts that were given", () =>
    Effect.gen(function* () {
      const { prompt } = yield* PromptManager
      assert.deepStrictEqual(yield* prompt, { ...empty, rules: ["be brief"] })
      assert.isFalse(empty.includeWorkspaceMetadata || empty.includeSystemInfo || empty.includeDateTime)
    }).pipe(Effect.provide(PromptManager.layerMemory({ rules: ["be brief"] })))
  )
})

it("errors of requests to servers name the server", () => {
  const error = new McpRequestError({ server: "s", reason: "Unavailable", problem: "p" })
  assert.strictEqual(error.message, "s: p")
})

it.effect("optional managers have `of` and `layerMemory`, as the required ones have", () =>
  Effect.gen(function* () {
    const file = { path: "a.txt", text: "a" }
    const slot = DynamicSlot.make({ id: "s", tool: "t", input: {}, timeoutMillis: 1, onFailure: "note" })
    const memory = Layer.mergeAll(
      FilesManager.layerMemory([{ path: "b.txt", text: "b" }, file]),
      DynamicContextManager.layerMemory([slot]),
      Environment.layerMemory({ timeZone: "Asia/Tokyo" })
    )
    const seen = Effect.gen(function* () {
      const { files } = yield* Effect.flatMap(FilesManager, ({ read }) => read)
      const slots = yield* Effect.flatMap(DynamicContextManager, ({ slots }) => slots)
      const { timeZone } = yield* Environment
      return { paths: files.map(({ path }) => path), slots, timeZone }
    })
    assert.deepStrictEqual(yield* seen, { paths: [], slots: [], timeZone: "UTC" })
    assert.deepStrictEqual(yield* Effect.provide(seen, memory), {
      paths: ["a.txt", "b.txt"],
      slots: [slot],
      timeZone: "Asia/Tokyo"
    })
    const own = FilesManager.of({ read: Effect.succeed({ files: [file], skipped: [] }) })
    assert.deepStrictEqual((yield* Effect.provideService(seen, FilesManager, own)).paths, ["a.txt"])
  })
)
