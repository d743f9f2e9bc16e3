import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { ToolInput } from "@parley/domain/McpManager"
import { mended } from "../SchemaMending.ts"
import type { OfferedTool } from "../ToolList.ts"
import { misfit } from "./SchemaCheck.ts"

/** The same without what is null: models send null for what they leave out, and many servers take it for that. */
const withoutNulls = (value: Schema.Json): Schema.Json => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(withoutNulls)
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]]))
  )
}

/**
 * Says what is wrong with an input, by the server's names, or nothing. What its schema cannot be used for is left to the server to judge, and so is
 * null where a value is optional. What is sent is the input as it is.
 */
export const checkInput = Effect.fnUntraced(function* (
  { inputSchema: shown, written }: OfferedTool,
  input: ToolInput
): Effect.fn.Return<string | undefined> {
  const inputSchema = written === undefined ? shown : Result.getOrElse(mended(written.schema), () => written.schema)
  const problem = yield* misfit(inputSchema, input)
  if (problem === undefined) return undefined
  return (yield* misfit(inputSchema, withoutNulls(input))) === undefined ? undefined : problem
})
