import { InvalidMessage } from "@parley/domain/Errors"
import { OutputInvalid, type OutputProblem, type OutputSchema } from "@parley/domain/OutputSchema"
import type { Round } from "@parley/domain/Session"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as JsonSchemaCheck from "./JsonSchemaCheck.ts"
import * as JsonSchemaForm from "./JsonSchemaForm.ts"
import { at } from "./JsonSchemaParts.ts"

/**
 * The form that the answer of a round has: a JSON Schema, and how an answer is checked. See `fromJsonSchema` and `of`.
 *
 * @since 0.1.0
 * @category models
 */
export class StructuredOutput {
  /** What the model is sent, and what is stored with the message. */
  readonly schema: OutputSchema
  /** What is wrong with an answer; empty if it is valid. */
  readonly check: (value: Schema.Json) => ReadonlyArray<OutputProblem>

  constructor(schema: OutputSchema, check: (value: Schema.Json) => ReadonlyArray<OutputProblem>) {
    this.schema = schema
    this.check = check
  }
}

/**
 * A schema of Effect by which the JSON value of an answer is decoded. It must decode without asynchronous steps.
 *
 * @since 0.1.0
 * @category models
 */
export type Decoder = Schema.ConstraintDecoder<unknown>

/**
 * A round, and its answer as the schema decodes it. `value` is absent if the round was cancelled.
 *
 * @since 0.1.0
 * @category models
 */
export type Answered<S extends Decoder> = Round & { readonly value?: S["Type"] }

const invalid = (problem: string): InvalidMessage =>
  new InvalidMessage({ problem: `The output schema cannot be used: ${problem}. Correct the schema` })

/**
 * The form of answers that follow a JSON Schema: draft 2020-12, and what drafts 6 to 2019-09 have in common with it. Fails
 * with what is wrong with the schema.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromJsonSchema = (schema: unknown): Result.Result<StructuredOutput, InvalidMessage> =>
  Result.mapBoth(JsonSchemaForm.read(schema), {
    onSuccess: (read) => new StructuredOutput(read, (value) => JsonSchemaCheck.problems(read, value)),
    onFailure: invalid
  })

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const problemsOf = (issue: SchemaIssue.Issue): ReadonlyArray<OutputProblem> =>
  format(issue).issues.map(({ message, path = [] }) => ({
    path: path.reduce<string>((to, key) => at(to, String(typeof key === "object" ? key.key : key)), ""),
    problem: message
  }))

/** The form of answers that a schema of Effect decodes. An answer has to follow its JSON Schema and to be decoded by it. */
const fromSchema = (schema: Decoder): Result.Result<StructuredOutput, InvalidMessage> =>
  Result.flatMap(
    Result.try({
      try: () => Schema.toJsonSchemaDocument(schema),
      catch: () => invalid("it has no form as a JSON Schema")
    }),
    ({ definitions, schema: root }) =>
      Result.map(
        fromJsonSchema(Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }),
        (output) => {
          const decode = Schema.decodeUnknownResult(Schema.toCodecJson(schema), { errors: "all" })
          return new StructuredOutput(output.schema, (value) => {
            const problems = output.check(value)
            const decoded = problems.length > 0 ? undefined : decode(value)
            return decoded === undefined || Result.isSuccess(decoded) ? problems : problemsOf(decoded.failure.issue)
          })
        }
      )
  )

/**
 * The form of the answer that a caller asked for.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (output: Decoder | StructuredOutput): Result.Result<StructuredOutput, InvalidMessage> =>
  output instanceof StructuredOutput ? Result.succeed(output) : fromSchema(output)

/**
 * Adds the decoded answer to a round. Fails if the round is an earlier one whose answer the schema does not decode.
 *
 * @since 0.1.0
 * @category functions
 */
export const decoded = <S extends Decoder>(
  round: Round,
  output: S | StructuredOutput | undefined
): Effect.Effect<Answered<S>, OutputInvalid> => {
  if (output === undefined || output instanceof StructuredOutput || round.output === undefined)
    return Effect.succeed(round)
  const decode = Schema.decodeUnknownResult(Schema.toCodecJson(output), { errors: "all" })
  return Result.match(decode(round.output), {
    onSuccess: (value) => Effect.succeed({ ...round, value }),
    onFailure: ({ issue }) =>
      Effect.fail(new OutputInvalid({ problems: problemsOf(issue), text: JSON.stringify(round.output) }))
  })
}
