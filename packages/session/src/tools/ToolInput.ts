import * as InputBounds from "@parley/domain/InputBounds"
import type { ToolInput } from "@parley/domain/McpManager"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const refused = (problem: string, advice: string): string => `The input ${problem}; nothing was run. ${advice}`

const tooMuch: { readonly [Bound in "size" | "depth"]: string } = {
  size: refused(
    `is larger than ${InputBounds.maxInputBytes} bytes`,
    "Send less at once: split it over several calls, or write it to a file piece by piece"
  ),
  depth: refused(
    `is nested deeper than ${InputBounds.maxInputDepth} levels`,
    "Send the call again with a flatter input"
  )
}

/**
 * Decodes the input of a tool call from the model's JSON text. Fails with a message that tells the model what to change.
 * The original text is what is stored and sent back to the model, so that large numbers and duplicate keys are preserved
 * there.
 */
export const decode = (input: string): Result.Result<ToolInput, string> => {
  const bound = InputBounds.broken(input)
  if (bound !== undefined) return Result.fail(tooMuch[bound])
  return Result.mapError(decodeJson(input), () =>
    refused("is not a JSON object", "Send the call again with a valid input")
  )
}
