import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import { once } from "../request/Once.ts"
import { type Dialect, strict } from "../request/StrictSchema.ts"

/** In the strict mode of the APIs every property is required, and there are at most ten levels. */
const dialect: Dialect = { optional: 0, unions: Infinity, depth: 10, recursive: true }

/** The schema as the strict mode of the APIs takes it; undefined if it has no such form. Its root has to be an object. */
export const strictForm = (schema: OutputSchema): OutputSchema | undefined => {
  const form = strict(schema, dialect)
  return form?.["type"] === "object" ? form : undefined
}

/** A schema without a strict form is sent as a hint to the model; the engine checks the answer in any case. */
const formatOf = once((schema: OutputSchema) => {
  const form = strictForm(schema)
  return { name: "answer", strict: form !== undefined, schema: form ?? schema }
})

/** Whether a model of OpenAI's follows a schema. Those before GPT-4o do not. */
export const isAble = (model: string): boolean => !/^(?:ft:)?gpt-(?:3|4(?:-|$))/.test(model)

/** The member that asks the Responses API for an answer that follows the schema. */
export const ofResponses = ({ output }: ModelRequest): object =>
  output === undefined ? {} : { text: { format: { type: "json_schema", ...formatOf(output) } } }

/** The member that asks a Chat Completions API for an answer that follows the schema. */
export const ofChat = ({ output }: ModelRequest): object =>
  output === undefined ? {} : { response_format: { type: "json_schema", json_schema: formatOf(output) } }
