import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"
import { name, repeated, server } from "./McpFlags.ts"

// The commands that change the user's configuration.

const { workspace } = Flags.shared
const edits = Effect.promise(() => import("../commands/mcp/McpEdit.ts"))

export const add = Command.make(
  "add",
  {
    name,
    command: Argument.String("command").pipe(
      Argument.withDescription("After --: the program to start and its arguments"),
      Argument.variadic()
    ),
    url: Flag.String("url").pipe(Flag.withDescription("URL of the server"), Flag.optional),
    sse: Flag.Boolean("sse").pipe(
      Flag.withDescription("The URL supports only the older HTTP+SSE transport (MCP version 2024-11-05)"),
      Flag.withDefault(false)
    ),
    ...server,
    readOnlyTool: repeated(
      "read-only-tool",
      "TOOL",
      "Tool that changes nothing: it runs without approval, and again if its result was lost; may be repeated"
    ),
    disabled: Flag.Boolean("disabled").pipe(
      Flag.withDescription("Add the server as disabled"),
      Flag.withDefault(false)
    ),
    workspace
  },
  (input) => Effect.flatMap(edits, (command) => command.add(input))
).pipe(
  Command.withDescription("Add a server to your configuration, by command or by URL"),
  Command.withExamples([
    { command: "parley mcp add notes -- npx -y some-server ~/notes", description: "Start a program" },
    {
      command: 'parley mcp add docs --url https://example.org/mcp --header "authorization: Bearer TOKEN"',
      description: "Connect to a URL"
    }
  ])
)

export const remove = Command.make("remove", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.remove(input))
).pipe(Command.withDescription("Remove a server from your configuration"))
export const enable = Command.make("enable", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.enable(input))
).pipe(Command.withDescription("Enable a server"))
export const disable = Command.make("disable", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.disable(input))
).pipe(Command.withDescription("Disable a server and keep its configuration"))

export const importFrom = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(Argument.withDescription("Configuration file of the other program")),
    from: Flag.Literals("format", ["auto", "claude", "vscode", "cursor"]).pipe(
      Flag.withDescription("Program that the file belongs to"),
      Flag.withDefault("auto")
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Show what would be added, without changing anything"),
      Flag.withDefault(false)
    ),
    workspace
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/mcp/McpImport.ts")),
      (command) => command.importFrom(input)
    )
).pipe(
  Command.withDescription("Import the servers of Claude Desktop, Cursor or VS Code that you have not configured yet")
)
