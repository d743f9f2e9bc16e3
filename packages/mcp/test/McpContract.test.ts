import { textOf } from "@parley/domain/Content"
import * as McpManagerContract from "@parley/testing/McpManagerContract"
import { Effect, Schema } from "effect"
import { CurrentCall, layer, tool } from "../src/inprocess/FunctionTools.ts"
import { everything, manager } from "./support.ts"

McpManagerContract.suite("FunctionTools", {
  layer: layer("f", [
    tool({
      name: "double",
      description: "Doubles a number",
      input: Schema.Struct({ n: Schema.Finite }),
      run: ({ n }) => Effect.as(Effect.yieldNow, `${n * 2}`)
    }),
    tool({
      name: "key",
      description: "Returns the idempotency key",
      input: Schema.Struct({}),
      run: () => Effect.map(CurrentCall, ({ idempotencyKey }) => idempotencyKey)
    })
  ]),
  tools: [
    {
      tool: "f__double",
      inputs: [{ n: 1 }, { n: 2 }, { n: 3 }],
      holds: ({ n }, { content, isError }) => !isError && textOf(content) === `${Number(n) * 2}`
    },
    {
      tool: "f__key",
      inputs: [{}],
      holds: (_, { isError }) => !isError,
      key: ({ content }) => textOf(content)
    }
  ]
})

McpManagerContract.suite("McpServers", {
  layer: manager({ servers: { everything: everything("stdio") }, workspaceRoot: "/" }),
  tools: [
    {
      tool: "everything__echo",
      inputs: [{ message: "one" }, { message: "two" }, { message: "three" }],
      holds: ({ message }, { content }) => typeof message === "string" && textOf(content) === `Echo: ${message}`
    }
  ],
  patience: "20 seconds"
})
