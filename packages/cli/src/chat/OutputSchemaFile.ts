import { UsageError } from "@parley/app/UsageError"
import * as StructuredOutput from "@parley/session/StructuredOutput"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SmallFile from "../process/SmallFile.ts"

/** Also the limit of the engine, so that a file is not read only to be refused. */
const limit = 128 * 1024

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))

const refuse = (path: string, problem: string) =>
  new UsageError({ problem: `--output-schema ${path}: ${problem}; expected a file with a JSON Schema` })

/** The form of the answer from the JSON Schema in the file that `--output-schema` names. */
export const load = Effect.fn("OutputSchemaFile.load")(function* (
  path: string
): Effect.fn.Return<StructuredOutput.StructuredOutput, UsageError> {
  const read = yield* SmallFile.read(path, limit)
  if (read._tag === "Problem") return yield* refuse(path, read.problem)
  // Editors on Windows begin files with a byte order mark.
  const json = decodeJson(read.text.replace(/^\uFEFF/, ""))
  if (Result.isFailure(json)) return yield* refuse(path, "it is not valid JSON")
  return yield* Effect.mapError(
    Effect.fromResult(StructuredOutput.fromJsonSchema(json.success)),
    ({ problem }) => new UsageError({ problem: `--output-schema ${path}: ${problem}` })
  )
})
