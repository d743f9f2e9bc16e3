import { McpManager } from "@parley/domain/McpManager"
import * as FunctionTools from "@parley/mcp/FunctionTools"
import { Console, Effect, Schema } from "effect"

const level = FunctionTools.tool({
  name: "level",
  description: "How many of an item are left",
  input: Schema.Struct({ item: Schema.NonEmptyString }),
  run: ({ item }) => Effect.succeed(`${item}: 12 left`)
})

const program = Effect.gen(function* () {
  const tools = yield* McpManager
  const output = yield* tools.call("shop__level", { item: "apples" }, { idempotencyKey: "1" })
  yield* Console.log(output.content)
})

Effect.runFork(Effect.provide(program, FunctionTools.layer("shop", [level])))
