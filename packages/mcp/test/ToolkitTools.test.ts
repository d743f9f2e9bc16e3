import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, References, Schema } from "effect"
import { Tool, Toolkit } from "effect/ai"
import { McpManager, type ToolInput } from "@parley/domain/McpManager"
import { CurrentCall } from "../src/inprocess/FunctionTools.ts"
import { layer } from "../src/inprocess/ToolkitTools.ts"
import { context, textOf } from "./support.ts"

const started = Deferred.makeUnsafe<void>()
const interrupted: Array<string> = []

const Docs = Toolkit.make(
  Tool.make("search", {
    description: "Searches the docs",
    parameters: Schema.Struct({ query: Schema.NonEmptyString }),
    success: Schema.Array(Schema.String),
    failure: Schema.String,
    failureMode: "error"
  }),
  Tool.make("read", {
    parameters: Schema.Struct({ page: Schema.Finite }),
    success: Schema.String,
    failure: Schema.Struct({ message: Schema.String }),
    failureMode: "return"
  }),
  Tool.make("key", { success: Schema.String, dependencies: [CurrentCall] }),
  Tool.make("tenant", { success: Schema.String }),
  Tool.make("dies", { success: Schema.String }),
  Tool.make("hangs", { success: Schema.String }),
  Tool.make("progress", { success: Schema.Finite })
)

const handlers = Docs.toLayer({
  search: ({ query }) => (query === "nothing" ? Effect.fail("no pages\u0000") : Effect.succeed([query, "b"])),
  read: ({ page }) => (page > 9 ? Effect.fail({ message: "no such page" }) : Effect.succeed(`page ${page}`)),
  key: () => Effect.map(CurrentCall, ({ idempotencyKey }) => idempotencyKey),
  tenant: () => Effect.map(References.CurrentLogAnnotations, (annotations) => String(annotations["tenant"])),
  dies: () => Effect.die(new Error("broken")),
  hangs: () =>
    Deferred.succeed(started, undefined).pipe(
      Effect.andThen(Effect.never),
      Effect.onInterrupt(() => Effect.sync(() => interrupted.push("hangs")))
    ),
  progress: Effect.fnUntraced(function* (_, { preliminary }) {
    yield* preliminary(1)
    yield* preliminary(2)
    return 3
  })
})

const call = (name: string, input: ToolInput = {}) =>
  McpManager.use((manager) => manager.call(`docs__${name}`, input, context)).pipe(
    Effect.map(({ content, isError }) => [isError, textOf(content)] as const)
  )

describe("a toolkit as tools", () => {
  const provided = Effect.provide(layer("docs", Docs).pipe(Layer.provide(handlers)))

  it.effect("lists each tool with its schema, and returns the result of its handler", () =>
    Effect.gen(function* () {
      const tools = yield* McpManager.use(({ tools }) => tools)
      assert.deepStrictEqual(
        tools.map(({ name }) => name),
        ["dies", "hangs", "key", "progress", "read", "search", "tenant"].map((name) => `docs__${name}`)
      )
      const search = tools.find(({ tool }) => tool === "search")
      assert.strictEqual(search?.description, "Searches the docs")
      assert.deepStrictEqual<unknown>(search?.inputSchema["required"], ["query"])
      assert.deepStrictEqual(yield* call("search", { query: "a" }), [false, '["a","b"]'])
      assert.deepStrictEqual(yield* call("read", { page: 2 }), [false, "page 2"])
      assert.deepStrictEqual(yield* call("key"), [false, "session/1/2/3"])
      assert.deepStrictEqual(yield* call("progress"), [false, "3"])
    }).pipe(provided)
  )

  it.effect("runs handlers in the caller's context", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Effect.annotateLogs(call("tenant"), "tenant", "a"), [false, "a"])
    }).pipe(provided)
  )

  it.effect("does not run a handler for input that does not match the schema, in either failure mode", () =>
    Effect.gen(function* () {
      for (const [name, input] of [
        ["search", { query: "" }],
        ["read", { page: "two" }]
      ] as const) {
        const error = yield* Effect.flip(call(name, input))
        assert.strictEqual(error.reason, "NotSent")
        assert.match(error.problem, new RegExp(`^Invalid input for docs__${name}: `))
      }
    }).pipe(provided)
  )

  it.effect("turns failures and defects into results, and interrupts handlers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* call("search", { query: "nothing" }), [true, "no pages"])
      assert.deepStrictEqual(yield* call("read", { page: 10 }), [true, "no such page"])
      assert.deepStrictEqual(yield* call("dies"), [true, "The tool failed unexpectedly: broken"])
      const fiber = yield* Effect.forkChild(call("hangs"))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(interrupted, ["hangs"])
    }).pipe(provided)
  )
})
