import * as Command from "effect/cli/Command"
import * as Edit from "./McpEditCommands.ts"
import * as Look from "./McpLookCommands.ts"
import * as Use from "./McpUseCommands.ts"

export const mcp = Command.make("mcp").pipe(
  Command.withDescription("Manage MCP servers"),
  Command.withSubcommands([
    Look.list,
    Edit.add,
    Edit.remove,
    Edit.enable,
    Edit.disable,
    Look.inspect,
    Look.resources,
    Look.prompts,
    Look.read,
    Look.probe,
    Use.auth,
    Use.trust,
    Edit.importFrom,
    Use.logs,
    Use.restart
  ])
)
