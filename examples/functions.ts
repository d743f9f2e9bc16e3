import type { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as FunctionTools from "@parley/mcp/FunctionTools"
import * as Merged from "@parley/mcp/Merged"
import * as ToolkitTools from "@parley/mcp/ToolkitTools"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Chunks, ScriptedModel } from "@parley/testing"
import { argv } from "node:process"
import { Console, Context, Effect, Layer, Schema } from "effect"
import { Tool, Toolkit } from "effect/ai"

/** A service of the application. */
class Stock extends Context.Service<Stock, { readonly count: (item: string) => Effect.Effect<number, UnknownItem> }>()(
  "@parley/examples/functions/Stock"
) {
  static readonly layer = Layer.succeed(Stock, {
    count: (item) => (item === "apples" ? Effect.succeed(12) : Effect.fail(new UnknownItem({ item })))
  })
}

class UnknownItem extends Schema.TaggedError<UnknownItem>()("UnknownItem", { item: Schema.String }) {
  override get message(): string {
    return `We do not sell ${this.item}`
  }
}

/** A function as a tool. Its requirements are in its type, and the model receives its errors as results. */
const level = FunctionTools.tool({
  name: "level",
  description: "How many of an item are left",
  input: Schema.Struct({ item: Schema.NonEmptyString }),
  safeToRepeat: "read-only",
  run: ({ item }) =>
    Effect.map(
      Stock.use(({ count }) => count(item)),
      (count) => `${count} left`
    )
})

const order = FunctionTools.tool({
  name: "order",
  description: "Orders an item",
  input: Schema.Struct({ item: Schema.NonEmptyString, count: Schema.Int }),
  run: ({ count, item }) =>
    // The key is the same if the same call is ever made again, so the supplier can detect a duplicate order.
    Effect.map(FunctionTools.CurrentCall, ({ idempotencyKey }) => `Ordered ${count} ${item} as ${idempotencyKey}`)
})

/** A toolkit that the application already has. */
const Weather = Toolkit.make(
  Tool.make("forecast", {
    description: "Tomorrow's weather",
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Struct({ sunny: Schema.Boolean })
  })
)
const weather = Weather.toLayer({ forecast: () => Effect.succeed({ sunny: true }) })

/** Both together. A layer of `McpServers` would be added to this list. */
export const Tools: Layer.Layer<McpManager> = Merged.merge(
  FunctionTools.layer("shop", [level, order]),
  ToolkitTools.layer("weather", Weather)
).pipe(Layer.provide([Stock.layer, weather]))

/** A scripted model instead of a real one. */
const Model = ScriptedModel.layer([
  ScriptedModel.turn([
    ...Chunks.call(0, "shop__level", { item: "apples" }),
    ...Chunks.call(1, "shop__level", { item: "pears" }),
    ...Chunks.call(2, "shop__order", { item: "apples", count: 3 }),
    ...Chunks.call(3, "weather__forecast", { city: "Bern" }),
    Chunks.finish("tool-calls")
  ]),
  ScriptedModel.turn([...Chunks.text(0, "Twelve apples are left, and three more will come."), Chunks.finish()])
])

export const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([Tools, Model, SessionManager.layerMemory, PromptManager.layerMemory()])
)

export const program = Effect.gen(function* () {
  const { id } = yield* SessionManager.use((sessions) => sessions.create({}))
  const coordinator = yield* SessionCoordinator
  return yield* coordinator.handleMessage({ sessionId: id, request: "How are we doing?" })
})

// `import.meta.main` exists since Node 24.2.
if (import.meta.filename === argv[1]) {
  Effect.runFork(
    program.pipe(
      Effect.flatMap((round) => Console.log(round.turns.at(-1)?.content)),
      Effect.provide(Parley)
    )
  )
}
