import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import type { ToolInput } from "@parley/domain/McpManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { Barriers } from "@parley/os/ReadBarrier"
import { qualifiedName, reservedServerName } from "../tools/ToolNames.ts"
import type { PathRefused } from "./Confinement.ts"
import type { FileAnswer } from "./AnswerText.ts"

/** The locations that the built-in tools may read, and the barrier that withholds files from them. */
export interface Readable {
  readonly root: string
  /** The directory of stored results, if results are stored. */
  readonly results: string | undefined
  readonly barrier: Barriers
  /** What ignore files leave out of lists and searches; nothing when absent. */
  readonly ignore: IgnoreRules | undefined
}

/** A tool of the built-in server. All of them are read-only. */
export interface BuiltInTool {
  readonly name: string
  /** Derives the definition for a model, which takes some milliseconds. */
  readonly definition: () => ToolDefinition
  readonly run: (readable: Readable, input: ToolInput) => Effect.Effect<FileAnswer, PathRefused | Schema.SchemaError>
}

const decodeObject = Schema.decodeUnknownSync(Schema.Record(Schema.String, Schema.Json))

/** Defines a tool by the schema of its input: the model receives its JSON Schema, and `run` the decoded input. */
export const builtInTool = <A>(options: {
  readonly name: string
  readonly description: string
  readonly input: Schema.Decoder<A>
  readonly run: (readable: Readable, input: A) => Effect.Effect<FileAnswer, PathRefused>
}): BuiltInTool => {
  const { description, input: schema, name, run } = options
  const decode = Schema.decodeUnknownEffect(schema)
  return {
    name,
    definition: () => ({
      name: qualifiedName(reservedServerName, name),
      server: reservedServerName,
      tool: name,
      description,
      inputSchema: decodeObject(Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" }).schema),
      safeToRepeat: "read-only"
    }),
    run: (readable, input) => Effect.flatMap(decode(input), (decoded) => run(readable, decoded))
  }
}

// `Schema.Int` would also tell the model the largest safe integer.
const Whole = Schema.Finite.check(Schema.isInt({ toJsonSchema: () => ({ type: "integer" }) }))

/** An optional switch. */
export const flag = (description: string) => Schema.optionalKey(Schema.Boolean.annotate({ description }))

/** An optional whole number of at least `least`. */
export const count = (description: string, least = 1) =>
  Whole.check(Schema.isGreaterThanOrEqualTo(least)).annotate({ description }).pipe(Schema.optionalKey)
