import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"
import { name, repeated, server } from "./McpFlags.ts"

// The commands that change the user's configuration.

const { workspace } = Flags.shared
const edits = Effect.promise(() => import("./commands/McpEdit.ts"))

export const add = Command.make(
  "add",
  {
    name,
    command: Argument.String("command").pipe(
      Argument.withDescription("After --: the program to start, and its arguments"),
      Argument.variadic()
    ),
    url: Flag.String("url").pipe(Flag.withDescription("The address of a server"), Flag.optional),
    sse: Flag.Boolean("sse").pipe(
      Flag.withDescription("The address speaks HTTP with server-sent events, as servers of 2024 did, and nothing else"),
      Flag.withDefault(false)
    ),
    ...server,
    readOnlyTool: repeated(
      "read-only-tool",
      "TOOL",
      "A tool that changes nothing: it runs without a question, and again if its call was lost; may be repeated"
    ),
    disabled: Flag.Boolean("disabled").pipe(Flag.withDescription("Add it switched off"), Flag.withDefault(false)),
    workspace
  },
  (input) => Effect.flatMap(edits, (command) => command.add(input))
).pipe(
  Command.withDescription("Add a server to your own configuration, by its command or its address"),
  Command.withExamples([
    { command: "parley mcp add notes -- npx -y some-server ~/notes", description: "A program to start" },
    {
      command: 'parley mcp add docs --url https://example.org/mcp --header "authorization: Bearer TOKEN"',
      description: "An address to connect to"
    }
  ])
)

export const remove = Command.make("remove", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.remove(input))
).pipe(Command.withDescription("Remove a server from your configuration"))
export const enable = Command.make("enable", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.enable(input))
).pipe(Command.withDescription("Switch a server on"))
export const disable = Command.make("disable", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.disable(input))
).pipe(Command.withDescription("Switch a server off, and keep it"))

export const importFrom = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The configuration file of the other program")),
    from: Flag.Literals("format", ["auto", "claude", "vscode", "cursor"]).pipe(
      Flag.withDescription("Whose file it is"),
      Flag.withDefault("auto")
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would be added, and change nothing"),
      Flag.withDefault(false)
    ),
    workspace
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/McpImport.ts")),
      (command) => command.importFrom(input)
    )
).pipe(Command.withDescription("Add the servers of Claude Desktop, Cursor or VS Code that you do not have yet"))
