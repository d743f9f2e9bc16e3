import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { boundJson } from "./BoundedJson.ts"
import { checkOutput } from "./internal/OutputCheck.ts"
import { keeping, type ResultFiles } from "./internal/ResultFiles.ts"
import type { Keep } from "./Keeping.ts"
import type { OfferedTool } from "./ToolList.ts"
import { toOutput } from "./ToolResults.ts"

const limits = { depth: 64, nodes: 2_000_000, characters: 64 * 1024 * 1024 }
const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** What a tool sent that broke its own promise is not for the model, which would take it for what was promised. */
const broken = (problem: string, answer: unknown, keep: Keep): ToolOutput => {
  const bounded = boundJson(answer, limits)
  const whole = bounded === undefined ? undefined : Result.getOrUndefined(encodeJson(bounded))
  const kept = whole === undefined ? undefined : keep(whole, "txt")
  const where = kept === undefined ? "What it sent is left out." : `What it sent is kept for the user in ${kept.path}.`
  return { isError: true, content: [text(`The answer does not fit the tool's output schema: ${problem}. ${where}`)] }
}

/** Turns the answer of a server into the result of a call: checked against what the tool promises, bounded, kept. */
export const settleAnswer = Effect.fnUntraced(function* (
  tool: OfferedTool,
  answer: unknown,
  files: ResultFiles | undefined
): Effect.fn.Return<ToolOutput> {
  const problem = yield* checkOutput(tool, answer)
  return yield* keeping(files, (keep) =>
    problem === undefined ? toOutput(answer, keep) : broken(problem, answer, keep)
  )
})
