import * as InputBounds from "@parley/domain/InputBounds"
import * as JsonText from "@parley/domain/JsonText"
import type { OutputProblem } from "@parley/domain/OutputSchema"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as OutputEnvelope from "./OutputEnvelope.ts"
import type { StructuredOutput } from "./StructuredOutput.ts"

/** The JSON value of an answer, or what is wrong with it. */
export type Verdict = Result.Result<Schema.Json, ReadonlyArray<OutputProblem>>

const wrong = (problem: string): Verdict => Result.fail([{ path: "", problem }])

/** Models without native support often write their JSON into a block of code. */
const fence = /^\s*```[a-z]*[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\s*$/is

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))

const tooMuch: { readonly [Bound in "size" | "depth"]: string } = {
  size: `the answer is larger than ${InputBounds.maxInputBytes} bytes`,
  depth: `the answer is nested deeper than ${InputBounds.maxInputDepth} levels`
}

/**
 * Checks an answer: the JSON text that a model wrote, or the input of its call. Nothing is taken on trust, whatever the
 * provider promises. Half surrogate pairs are replaced, because no store can keep them.
 */
export const judge = (output: StructuredOutput, text: string): Verdict => {
  const json = JsonText.wellFormed(fence.exec(text)?.[1] ?? text)
  const bound = InputBounds.broken(json)
  if (bound !== undefined) return wrong(tooMuch[bound])
  const decoded = decodeJson(json)
  if (Result.isFailure(decoded)) return wrong("the answer is not valid JSON")
  const whole = decoded.success
  const inner = OutputEnvelope.received(output.schema, whole)
  const value = Option.getOrElse(inner, () => whole)
  const problems = output.check(value)
  if (problems.length === 0) return Result.succeed(value)
  // The schema itself may demand what looks like the object around an answer.
  return Option.isSome(inner) && output.check(whole).length === 0 ? Result.succeed(whole) : Result.fail(problems)
}
