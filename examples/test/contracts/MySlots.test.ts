import { DynamicContextManager } from "@parley/domain/DynamicContextManager"
import * as DynamicContextManagerContract from "@parley/testing/DynamicContextManagerContract"
import { Effect, Layer } from "effect"

const slot = { id: "stock", tool: "stock_level", input: {}, timeoutMillis: 5000, onFailure: "note" } as const
DynamicContextManagerContract.suite("my slots", {
  layer: Layer.succeed(DynamicContextManager, { slots: Effect.succeed([slot]) }),
  tools: ["stock_level"]
})
