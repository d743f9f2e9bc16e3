import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { text } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { boundJson } from "../text/BoundedJson.ts"
import { checkOutput } from "../tools/SchemaCheck.ts"
import { keeping, type ResultFiles } from "./ResultFiles.ts"
import type { Keep } from "./Keeping.ts"
import type { OfferedTool } from "../tools/ToolList.ts"
import { noSecrets, type ServerSecrets } from "../text/ServerSecrets.ts"
import { toOutput } from "./ToolResults.ts"

const limits = { depth: 64, nodes: 2_000_000, characters: 64 * 1024 * 1024 }
const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const decodeParts = Schema.decodeUnknownOption(
  Schema.Struct({ content: Schema.Array(Schema.Unknown), structuredContent: Schema.optionalKey(Schema.Unknown) })
)

const keptWhole = (answer: unknown, keep: Keep): string => {
  const bounded = boundJson(answer, limits)
  const whole = bounded === undefined ? undefined : Result.getOrUndefined(encodeJson(bounded))
  const kept = whole === undefined ? undefined : keep(whole, "txt")
  return kept === undefined ? "" : `What it sent is kept for the user in ${kept.path}.`
}

/**
 * The output for a result that violates its tool's output schema. The structured content is kept from the model, which would
 * trust it to fit the schema. The other content is passed on with a note, since it often explains the error, or only a
 * member with a default is missing.
 */
const broken = (problem: string, answer: unknown, keep: Keep): ToolOutput => {
  const { content, structuredContent } = Option.getOrElse(decodeParts(answer), () => ({
    content: [],
    structuredContent: undefined
  }))
  const why = `The answer does not fit the tool's output schema: ${problem.replace(/\.+$/, "")}.`
  if (content.length === 0) return { isError: true, content: [text(`${why} ${keptWhole(answer, keep)}`.trimEnd())] }
  const output = toOutput({ content }, keep)
  const note =
    structuredContent === undefined
      ? why
      : `${why} Its structured content is left out. ${keptWhole(answer, keep)}`.trimEnd()
  return { ...output, content: [...output.content, text(`\n[${note}]`)] }
}

/**
 * Turns a `tools/call` response into the output of a call: checks it against the tool's output schema, redacts secrets,
 * bounds its size, and stores what does not fit in `files`.
 */
export const settleAnswer = Effect.fnUntraced(function* (
  tool: OfferedTool,
  answer: unknown,
  files: ResultFiles | undefined,
  secrets: ServerSecrets = noSecrets
): Effect.fn.Return<ToolOutput> {
  const misfit = yield* checkOutput(tool, answer)
  const problem = misfit === undefined ? undefined : secrets.redact(misfit)
  const shown = secrets.redactAll(answer)
  return yield* keeping(files, (keep) => (problem === undefined ? toOutput(shown, keep) : broken(problem, shown, keep)))
})
