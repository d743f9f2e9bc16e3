import type * as Effect from "effect/Effect"
import type { ToolInput } from "@parley/domain/McpManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import { misfit } from "./SchemaCheck.ts"

/** Says what is wrong with an input, or nothing. What its schema cannot be used for is left to the server to judge. */
export const checkInput = ({ inputSchema }: ToolDefinition, input: ToolInput): Effect.Effect<string | undefined> =>
  misfit(inputSchema, input)
