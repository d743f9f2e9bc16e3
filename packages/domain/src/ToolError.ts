import * as Schema from "effect/Schema"
import { failed, type ToolDefinition, type ToolOutcome, unknown } from "./Tool.ts"

/**
 * Why a call has no output. `NotSent`: it never reached the tool. `Lost`: it was sent and its end was not seen, so it may
 * have taken effect.
 */
export class ToolError extends Schema.TaggedError<ToolError>()("ToolError", {
  tool: Schema.String,
  reason: Schema.Literals(["NotSent", "Lost"]),
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.tool}: ${this.problem}`
  }
}

/** A failing tool is data for the model. */
export const toOutcome = (error: ToolError, tool: ToolDefinition | undefined): ToolOutcome =>
  error.reason === "NotSent" ? failed(error.problem) : unknown(error.problem, tool)
