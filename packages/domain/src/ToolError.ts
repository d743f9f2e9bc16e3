import * as Schema from "effect/Schema"
import { failed, type ToolDefinition, type ToolOutcome, unknown } from "./Tool.ts"

/**
 * A tool call has no result. `NotSent`: the call never reached the tool. `Lost`: the call was sent, but its end was not
 * observed, so it may have taken effect. The model receives `problem`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolError extends Schema.TaggedError<ToolError>()("ToolError", {
  tool: Schema.String,
  reason: Schema.Literals(["NotSent", "Lost"]),
  problem: Schema.String,
  /** The error behind it, for logs. The model does not receive it, and it is not stored. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.tool}: ${this.problem}`
  }
}

/**
 * Converts the error to an outcome, because a failed tool call is reported to the model instead of failing the round.
 *
 * @since 0.1.0
 * @category functions
 */
export const toOutcome = (error: ToolError, tool: ToolDefinition | undefined): ToolOutcome =>
  error.reason === "NotSent" ? failed(error.problem) : unknown(error.problem, tool)
