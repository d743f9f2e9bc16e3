import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { mended } from "../SchemaMending.ts"
import type { OfferedTool } from "../ToolList.ts"
import { misfit } from "./SchemaCheck.ts"

const maybe = Schema.optionalKey(Schema.Unknown)
const decode = Schema.decodeUnknownOption(Schema.Struct({ structuredContent: maybe, isError: maybe }))

/**
 * Says how an answer breaks the promise of its tool's output schema, or nothing. An answer that says it is a failure has
 * promised nothing.
 */
export const checkOutput = Effect.fnUntraced(function* (
  { outputSchema }: OfferedTool,
  answer: unknown
): Effect.fn.Return<string | undefined> {
  const result = Option.getOrUndefined(decode(answer))
  if (outputSchema === undefined || result === undefined || result.isError === true) return undefined
  return result.structuredContent === undefined
    ? "it demands structured content, and none came"
    : yield* misfit(
        Result.getOrElse(mended(outputSchema), () => outputSchema),
        result.structuredContent
      )
})
