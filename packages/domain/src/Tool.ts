import * as Schema from "effect/Schema"
import { type CallId } from "./Ids.ts"
import { ResultContent, text, type ToolResult } from "./Content.ts"

/**
 * A tool as sent to the model. `name` matches `^[A-Za-z0-9_-]{1,64}$` and identifies exactly one `tool` of one `server`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolDefinition = Schema.Struct({
  name: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/)),
  server: Schema.String,
  tool: Schema.String,
  description: Schema.String,
  /** A JSON Schema of type `object`. */
  inputSchema: Schema.Record(Schema.String, Schema.Json),
  /**
   * Set if the user's configuration declares that a repeated call does no harm. A call whose connection was lost is then
   * sent once more, with the same idempotency key. The command line runs `read-only` tools without approval, unless a
   * permission says otherwise. A server's annotations never set this.
   */
  safeToRepeat: Schema.optionalKey(Schema.Literals(["read-only", "idempotent"])),
  /**
   * Asks the provider to hold the input of calls to the schema (`strict`). Only providers that support it are asked, and
   * only if the schema fits their strict subset. A server's annotations never set this.
   */
  strict: Schema.optionalKey(Schema.Literal(true))
})
export type ToolDefinition = typeof ToolDefinition.Type

/**
 * A tool's result. `isError` is reported by the tool itself: the model receives the error, and the round continues.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolOutput = Schema.Struct({
  isError: Schema.Boolean,
  content: Schema.Array(ResultContent)
})
export type ToolOutput = typeof ToolOutput.Type

/**
 * How a tool call ended. Every call has exactly one outcome. All except `Succeeded` and `Answered` reach the model as an error
 * result.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolOutcome = Schema.TaggedUnion({
  Succeeded: { content: Schema.Array(ResultContent) },
  /** The tool reported an error, or it could not be called. */
  Failed: { content: Schema.Array(ResultContent) },
  /** A rule or a person denied the call; it never ran. */
  Denied: { reason: Schema.String },
  /** The call never ran, because its round ended first or its input was incomplete. */
  NotExecuted: { reason: Schema.String },
  /** The call gave the answer of the round, which follows the round's output schema. Nothing was run for it. */
  Answered: { content: Schema.Array(ResultContent) },
  /** The call was started, but its end was not observed: it may or may not have taken effect. */
  Unknown: {
    reason: Schema.String,
    /** The tool is marked `safeToRepeat`, so the model may call it again. */
    safeToRepeat: Schema.optionalKey(Schema.Literal(true))
  }
})
export type ToolOutcome = typeof ToolOutcome.Type

/**
 * The outcome of a call that returned this result.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromOutput = (output: ToolOutput): ToolOutcome =>
  output.isError ? { _tag: "Failed", content: output.content } : { _tag: "Succeeded", content: output.content }

/**
 * The outcome of a call that was started, but whose end was not observed.
 *
 * @since 0.1.0
 * @category functions
 */
export const unknown = (reason: string, tool: ToolDefinition | undefined): ToolOutcome => ({
  _tag: "Unknown",
  reason,
  ...(tool?.safeToRepeat === undefined ? {} : { safeToRepeat: true })
})

/**
 * The outcome of a call that failed with this message.
 *
 * @since 0.1.0
 * @category functions
 */
export const failed = (message: string): ToolOutcome => ({ _tag: "Failed", content: [text(message)] })

/**
 * The result that the model receives. Every later request contains it, so it must never change for a stored outcome.
 *
 * @since 0.1.0
 * @category functions
 */
export const toResult = (callId: CallId, outcome: ToolOutcome): ToolResult => {
  const error = (message: string): ToolResult => ({
    _tag: "ToolResult",
    callId,
    isError: true,
    content: [text(message)]
  })
  switch (outcome._tag) {
    case "Succeeded":
    case "Answered":
      return { _tag: "ToolResult", callId, isError: false, content: outcome.content }
    case "Failed":
      return { _tag: "ToolResult", callId, isError: true, content: outcome.content }
    case "Denied":
      return error(`Not run: ${outcome.reason}`)
    case "NotExecuted":
      return error(`Not run: ${outcome.reason}`)
    case "Unknown":
      return error(
        outcome.safeToRepeat === true
          ? `Outcome unknown: ${outcome.reason}. It is safe to repeat.`
          : `Outcome unknown: ${outcome.reason}. It may have taken effect; verify before repeating it.`
      )
  }
}
