import * as Schema from "effect/Schema"

/**
 * A request that a user made to one MCP server failed: the server could not be reached, or its tool reported a failure.
 *
 * @since 0.1.0
 * @category errors
 */
export class ServerTrouble extends Schema.TaggedError<ServerTrouble>()("ServerTrouble", {
  reason: Schema.Literals(["Unreachable", "ToolFailed"]),
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}
