import * as Schema from "effect/Schema"

/**
 * A JSON Schema (2020-12) that the answer of a round follows. It is checked before a round with it starts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OutputSchema = Schema.Record(Schema.String, Schema.Json)
export type OutputSchema = typeof OutputSchema.Type

/**
 * What is wrong with a part of an answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OutputProblem = Schema.Struct({
  /** The part as a JSON Pointer (RFC 6901). Empty for the whole answer. */
  path: Schema.String,
  /** For people and for the model. Contains names of the answer and values of the schema, but no values of the answer. */
  problem: Schema.String
})
export type OutputProblem = typeof OutputProblem.Type

/** How many problems a message lists; the others are counted. */
const listed = 8

/**
 * The problems as one line of text.
 *
 * @since 0.1.0
 * @category functions
 */
export const problemText = (problems: ReadonlyArray<OutputProblem>): string => {
  const lines = problems.slice(0, listed).map(({ path, problem }) => (path === "" ? problem : `${path}: ${problem}`))
  return [...lines, ...(problems.length > listed ? [`and ${problems.length - listed} more`] : [])].join("; ")
}

/**
 * The model's answer does not follow the output schema of the round, also after the model was told once what is wrong. The
 * session accepts the next message.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutputInvalid extends Schema.TaggedError<OutputInvalid>()("OutputInvalid", {
  problems: Schema.Array(OutputProblem),
  /** The last answer as the model wrote it. */
  text: Schema.String
}) {
  override get message(): string {
    return `The model's answer does not follow the output schema: ${problemText(this.problems)}. Send the message again, choose another model, or use a simpler schema`
  }
}
