import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { boundJson } from "./BoundedJson.ts"
import { cut, plainLine, wellFormed } from "./PlainText.ts"
import { qualifiedName } from "./ToolNames.ts"

/** A tool that a server offers and that is not passed on. It costs itself and nothing else. */
export interface LeftOut {
  readonly tool: string
  readonly why: string
}

export interface ToolList {
  readonly tools: ReadonlyArray<ToolDefinition>
  readonly leftOut: ReadonlyArray<LeftOut>
}

const descriptionBytes = 4 * 1024
const nameLength = 128
const schemaLimits = { depth: 64, nodes: 10_000, characters: 128 * 1024 }

const Name = Schema.Struct({ name: Schema.NonEmptyString })
const isSchemaObject = Schema.is(Schema.Record(Schema.String, Schema.Unknown))
const Details = Schema.Struct({
  description: Schema.optionalKey(Schema.Unknown),
  title: Schema.optionalKey(Schema.Unknown),
  inputSchema: Schema.optionalKey(Schema.Unknown),
  execution: Schema.optionalKey(Schema.Unknown)
})
const NeedsTask = Schema.Struct({ taskSupport: Schema.Literal("required") })

const decodeName = Schema.decodeUnknownOption(Name)
const decodeDetails = Schema.decodeUnknownOption(Details)
const needsTask = Schema.is(NeedsTask)

const isObject = (value: Schema.Json | undefined): value is { readonly [key: string]: Schema.Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const describe = (details: typeof Details.Type): string => {
  const said = [details.description, details.title].find((value) => typeof value === "string" && value.trim() !== "")
  const text = wellFormed(typeof said === "string" ? said : "")
  const short = cut(text, descriptionBytes)
  return short.leftOut === 0 ? short.text : `${short.text} [… ${short.leftOut} more bytes]`
}

const problemOfSchema = (schema: unknown): string | undefined => {
  if (!isSchemaObject(schema)) return "its input schema is not an object"
  if (schema["type"] !== "object") return "its input schema is not of type object"
  return undefined
}

/**
 * Reads what a server answered to `tools/list`, one entry at a time: names are qualified, descriptions are cut at 4 KiB,
 * everything is well-formed Unicode. An entry that cannot be offered to a model is left out, with the reason; the others
 * stay.
 */
export const readTools = (server: string, entries: ReadonlyArray<unknown>): ToolList => {
  const tools = new Map<string, ToolDefinition>()
  const leftOut: Array<LeftOut> = []

  entries.forEach((entry, index) => {
    const name = Option.getOrUndefined(decodeName(entry))?.name
    const details = Option.getOrUndefined(decodeDetails(entry))
    if (name === undefined || details === undefined) {
      leftOut.push({ tool: `number ${index + 1}`, why: "it has no name" })
      return
    }
    const refuse = (why: string) => leftOut.push({ tool: plainLine(name, 80), why })
    if (name.length > nameLength || !name.isWellFormed()) return void refuse("its name is too long or not Unicode")
    if (tools.has(name)) return void refuse("another tool of this server has the same name")
    if (needsTask(details.execution)) return void refuse("it can only be run as a task")
    const problem = problemOfSchema(details.inputSchema)
    if (problem !== undefined) return void refuse(problem)
    const inputSchema = boundJson(details.inputSchema, schemaLimits)
    if (!isObject(inputSchema)) return void refuse("its input schema is too large or too deep")
    tools.set(name, {
      name: qualifiedName(server, name),
      server,
      tool: name,
      description: describe(details),
      inputSchema
    })
  })

  return { tools: [...tools.values()], leftOut }
}

/** One line about what was left out, or nothing. */
export const explainLeftOut = (leftOut: ReadonlyArray<LeftOut>, noun = "tool"): string | undefined => {
  if (leftOut.length === 0) return undefined
  const named = leftOut.slice(0, 3).map(({ tool, why }) => `${tool} (${why})`)
  const more = leftOut.length > named.length ? [`${leftOut.length - named.length} more`] : []
  return `${leftOut.length === 1 ? `1 ${noun}` : `${leftOut.length} ${noun}s`} left out: ${[...named, ...more].join(", ")}`
}
