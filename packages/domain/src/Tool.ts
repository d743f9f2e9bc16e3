import * as Schema from "effect/Schema"
import { type CallId } from "./Ids.ts"
import { ResultContent, text, type ToolResult } from "./Content.ts"

/** A tool as the model sees it. `name` matches `^[A-Za-z0-9_-]{1,64}$` and maps back to exactly one `server` and `tool`. */
export const ToolDefinition = Schema.Struct({
  name: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/)),
  server: Schema.String,
  tool: Schema.String,
  description: Schema.String,
  /** A JSON Schema of type `object`. */
  inputSchema: Schema.Record(Schema.String, Schema.Json),
  /**
   * The user's own configuration says that running it twice does no harm: a call whose connection was lost is sent once
   * more, with the same idempotency key. One that is `read-only` the command runs without asking, unless a permission says
   * otherwise. What a server says of its tools never sets this.
   */
  safeToRepeat: Schema.optionalKey(Schema.Literals(["read-only", "idempotent"]))
})
export type ToolDefinition = typeof ToolDefinition.Type

/** What a tool returned. `isError` is the tool's own verdict: the model reads it, the round goes on. */
export const ToolOutput = Schema.Struct({
  isError: Schema.Boolean,
  content: Schema.Array(ResultContent)
})
export type ToolOutput = typeof ToolOutput.Type

/** How a call ended, exactly once. Everything but `Succeeded` reaches the model as an error result. */
export const ToolOutcome = Schema.TaggedUnion({
  Succeeded: { content: Schema.Array(ResultContent) },
  /** The tool ran, or could not run, and says so. */
  Failed: { content: Schema.Array(ResultContent) },
  /** Policy or the user said no; it never ran. */
  Denied: { reason: Schema.String },
  /** It never ran. */
  NotExecuted: { reason: Schema.String },
  /** It was started and its end was not seen: it may or may not have taken effect. */
  Unknown: {
    reason: Schema.String,
    /** The tool is marked `safeToRepeat`, so the model may just call it again. */
    safeToRepeat: Schema.optionalKey(Schema.Literal(true))
  }
})
export type ToolOutcome = typeof ToolOutcome.Type

export const fromOutput = (output: ToolOutput): ToolOutcome =>
  output.isError ? { _tag: "Failed", content: output.content } : { _tag: "Succeeded", content: output.content }

/** A call that was started and whose end was not seen. */
export const unknown = (reason: string, tool: ToolDefinition | undefined): ToolOutcome => ({
  _tag: "Unknown",
  reason,
  ...(tool?.safeToRepeat === undefined ? {} : { safeToRepeat: true })
})

export const failed = (message: string): ToolOutcome => ({ _tag: "Failed", content: [text(message)] })

/** The words a model reads. Part of every later request, so they must never change for a stored outcome. */
export const toResult = (callId: CallId, outcome: ToolOutcome): ToolResult => {
  const error = (message: string): ToolResult => ({
    _tag: "ToolResult",
    callId,
    isError: true,
    content: [text(message)]
  })
  switch (outcome._tag) {
    case "Succeeded":
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
