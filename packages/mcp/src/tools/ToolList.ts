import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { canonical } from "@parley/domain/CanonicalJson"
import type { ToolDefinition } from "@parley/domain/Tool"
import { boundJson } from "../text/BoundedJson.ts"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"
import { cut } from "../text/Cut.ts"
import { lookalikes } from "./Lookalikes.ts"
import { areDistinct, shownNames } from "./PropertyNames.ts"
import { translated, type Names } from "./SchemaTranslation.ts"
import { problemOfSchema, withoutBadPatterns } from "./SchemaProblems.ts"
import { isObject, type JsonObject } from "../text/Subschemas.ts"
import { qualifiedName } from "./ToolNames.ts"

/** A tool that a server offers and Parley does not pass on. Other tools are not affected. */
export interface LeftOut {
  readonly tool: string
  readonly why: string
}

/** A tool of a server with its output schema, if it has one. */
export interface OfferedTool extends ToolDefinition {
  /** As the server wrote it, in any draft of JSON Schema. */
  readonly outputSchema?: JsonObject
  /** The input schema as the server wrote it, if the model is shown a different one. */
  readonly written?: WrittenInput
}

export interface WrittenInput {
  readonly schema: JsonObject
  /** The property names that the model uses, keyed by the server's names, where these differ. */
  readonly names: Names
}

export interface ToolList {
  readonly tools: ReadonlyArray<OfferedTool>
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
  outputSchema: Schema.optionalKey(Schema.Unknown),
  execution: Schema.optionalKey(Schema.Unknown)
})
const NeedsTask = Schema.Struct({ taskSupport: Schema.Literal("required") })

const decodeName = Schema.decodeUnknownOption(Name)
const decodeDetails = Schema.decodeUnknownOption(Details)
const needsTask = Schema.is(NeedsTask)

const describe = (details: typeof Details.Type): string => {
  const described = [details.description, details.title].find(
    (value) => typeof value === "string" && value.trim() !== ""
  )
  const text = wellFormed(typeof described === "string" ? described : "")
  const short = cut(text, descriptionBytes)
  return short.leftOut === 0 ? short.text : `${short.text} [… ${short.leftOut} more bytes]`
}

type Checked<A> = Result.Result<A, string>

/** A copy of the schema within `schemaLimits`, or the reason why there is none. */
const boundedSchema = (schema: unknown, which: string): Checked<JsonObject> => {
  if (!isSchemaObject(schema)) return Result.fail(`its ${which} is not an object`)
  const bounded = boundJson(schema, schemaLimits)
  return isObject(bounded) ? Result.succeed(bounded) : Result.fail(`its ${which} is too large or too deep`)
}

const sound = (schema: JsonObject): Checked<JsonObject> => {
  const problem = problemOfSchema(schema)
  return problem === undefined ? Result.succeed(schema) : Result.fail(problem)
}

/** The schema without the keywords that a provider removes at the root. The rest must not refer to them. */
const atRoot = ({ allOf: _all, anyOf: _any, oneOf: _one, ...rest }: JsonObject): JsonObject => rest

const shownInput = (bounded: JsonObject, names: Names): Checked<JsonObject> =>
  areDistinct(bounded, names)
    ? translated(bounded, names).pipe(
        Result.flatMap(sound),
        Result.flatMap((schema) => Result.map(sound(atRoot(schema)), () => schema))
      )
    : Result.fail("has properties whose names cannot be told from each other")

/** A missing schema means that the tool takes no input; a missing type means `object`. */
const typed = (schema: unknown): unknown =>
  schema === undefined || schema === null
    ? { type: "object", properties: {} }
    : isSchemaObject(schema) && (schema["type"] === undefined || schema["type"] === null)
      ? { ...schema, type: "object" }
      : schema

const inputOf = (details: typeof Details.Type): Checked<Pick<OfferedTool, "inputSchema" | "written">> => {
  const inputSchema = typed(details.inputSchema)
  if (isSchemaObject(inputSchema) && inputSchema["type"] !== "object")
    return Result.fail("its input schema is not of type object")
  return Result.flatMap(boundedSchema(inputSchema, "input schema"), (bounded) => {
    const names = shownNames(bounded)
    const schema = withoutBadPatterns(bounded)
    return Result.mapBoth(shownInput(bounded, names), {
      onFailure: (problem) => `its input schema ${problem}`,
      onSuccess: (shown) =>
        canonical(shown) === canonical(schema)
          ? { inputSchema: schema }
          : { inputSchema: shown, written: { schema, names } }
    })
  })
}

/** An output schema that cannot be checked is a failure: otherwise results would be accepted unchecked. */
const outputOf = ({ outputSchema }: typeof Details.Type): Checked<JsonObject | undefined> =>
  outputSchema === undefined || outputSchema === null
    ? Result.succeed(undefined)
    : Result.flatMap(boundedSchema(outputSchema, "output schema"), (bounded) =>
        Result.mapBoth(Result.flatMap(translated(bounded), sound), {
          onFailure: (problem) => `its output schema ${problem}`,
          onSuccess: () => withoutBadPatterns(bounded)
        })
      )

/**
 * Decodes the entries of a `tools/list` response one by one. Names are qualified, descriptions are truncated at 4 KiB, and
 * all text is well-formed Unicode. An entry that cannot be offered to a model is left out with the reason; the others are
 * kept.
 */
export const readTools = (server: string, entries: ReadonlyArray<unknown>): ToolList => {
  const tools = new Map<string, OfferedTool>()
  const leftOut: Array<LeftOut> = []
  const shadowed = lookalikes(entries.flatMap((entry) => Option.toArray(decodeName(entry)).map(({ name }) => name)))

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
    const other = shadowed.get(name)
    if (other !== undefined) return void refuse(`its name looks like that of another tool, ${plainLine(other, 80)}`)
    const schemas = Result.all([inputOf(details), outputOf(details)])
    if (Result.isFailure(schemas)) return void refuse(schemas.failure)
    const [input, outputSchema] = schemas.success
    tools.set(name, {
      name: qualifiedName(server, name),
      server,
      tool: name,
      description: describe(details),
      ...input,
      ...(outputSchema === undefined ? {} : { outputSchema })
    })
  })

  return { tools: [...tools.values()], leftOut }
}

/** One line for a person about the entries that were left out; `undefined` if there are none. */
export const explainLeftOut = (leftOut: ReadonlyArray<LeftOut>, noun = "tool"): string | undefined => {
  if (leftOut.length === 0) return undefined
  const named = leftOut.slice(0, 3).map(({ tool, why }) => `${tool} (${why})`)
  const more = leftOut.length > named.length ? [`${leftOut.length - named.length} more`] : []
  return `${leftOut.length === 1 ? `1 ${noun}` : `${leftOut.length} ${noun}s`} left out: ${[...named, ...more].join(", ")}`
}
