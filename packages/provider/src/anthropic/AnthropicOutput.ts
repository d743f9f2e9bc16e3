import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { type Dialect, strict } from "../request/StrictSchema.ts"

/** The API compiles a schema to a grammar, so it takes no recursion, and few optional properties and alternatives. */
const dialect: Dialect = { optional: 24, unions: 16, depth: Infinity, recursive: false }

const known = new WeakMap<OutputSchema, { readonly schema: OutputSchema | undefined }>()

/** The schema as the API takes it; undefined if it does not take it. */
const schemaOf = (schema: OutputSchema): OutputSchema | undefined => {
  const found = known.get(schema) ?? { schema: strict(schema, dialect) }
  known.set(schema, found)
  return found.schema
}

/** The API compiles all strict tools of a request together, so that the limits apply to all of them. */
const ofTools: Dialect = { optional: 0, unions: 0, depth: Infinity, recursive: false }
const mostStrict = 20

/** The schemas of the tools that are sent as strict, by tool: those that are marked, of models that are able to. */
export const strictTools = (
  tools: ReadonlyArray<ToolDefinition>,
  model: string
): ReadonlyMap<ToolDefinition, OutputSchema> => {
  if (tools.every((tool) => tool.strict === undefined) || !isAble(model)) return none
  const forms = tools.flatMap((tool) => {
    const form = tool.strict === true ? strict(tool.inputSchema, ofTools) : undefined
    return form?.["type"] === "object" ? [[tool, form] as const] : []
  })
  return new Map(forms.slice(0, mostStrict))
}
const none: ReadonlyMap<ToolDefinition, OutputSchema> = new Map()

/** Claude before 4.5, and Opus before 4.1, have no structured outputs. Other models behind this API are not known. */
const isAble = (model: string): boolean => {
  const claude = /claude-.*$/i.exec(model)?.[0].toLowerCase()
  return claude !== undefined && !/^claude-(?:\d|instant|[a-z]+-4(?:-0|-\d{8}|$)|sonnet-4-1)/.test(claude)
}

/**
 * Whether the API itself holds the response to the request's schema. Other servers with this API ignore what they do not
 * know, so only Anthropic's own is asked, unless the user says otherwise (`forced`).
 */
export const isNative = ({ model, output }: ModelRequest, isOwn: boolean, forced: boolean): boolean =>
  output !== undefined && (forced || (isOwn && isAble(model.model))) && schemaOf(output) !== undefined

/** The member `output_config` of a request. */
export const config = (effort: object | undefined, { output }: ModelRequest): object | undefined => {
  const schema = output === undefined ? undefined : schemaOf(output)
  return schema === undefined ? effort : { ...effort, format: { type: "json_schema", schema } }
}
