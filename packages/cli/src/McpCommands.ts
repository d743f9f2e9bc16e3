import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"

const { workspace } = Flags.shared
const name = Argument.String("name").pipe(Argument.withDescription("The server's name"))
const edits = Effect.promise(() => import("./commands/McpEdit.ts"))

const repeated = (flag: string, metavar: string, description: string) =>
  Flag.String(flag).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

/** How a server is started and asked, for `add` and for `probe`. */
const server = {
  header: repeated("header", '"K: V"', "Sent with each request to an address; may be repeated"),
  env: repeated("env", "K=V", "Set for the program that is started; may be repeated"),
  cwd: Flag.String("cwd").pipe(
    Flag.withMetavar("DIR"),
    Flag.withDescription("Where the program is started (default: the workspace; for probe, the current directory)"),
    Flag.optional
  ),
  timeout: Flags.count("timeout", "Milliseconds a call may take (default: 120000)"),
  startTimeout: Flags.count("start-timeout", "Milliseconds it has to become ready (default: 10000)")
}

const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/McpList.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("Start your MCP servers and say how each fares"))

const add = Command.make(
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

const remove = Command.make("remove", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.remove(input))
).pipe(Command.withDescription("Remove a server from your configuration"))
const enable = Command.make("enable", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.enable(input))
).pipe(Command.withDescription("Switch a server on"))
const disable = Command.make("disable", { name, workspace }, (input) =>
  Effect.flatMap(edits, (command) => command.disable(input))
).pipe(Command.withDescription("Switch a server off, and keep it"))

const inspect = Command.make("inspect", { name, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/McpInspect.ts")),
    (command) => command.inspect(input)
  )
).pipe(Command.withDescription("Connect to one server, and show its tools and what was left out of them"))

const probe = Command.make(
  "probe",
  {
    target: Argument.String("target").pipe(
      Argument.withDescription("An address, or after -- the program to start and its arguments"),
      Argument.variadic()
    ),
    ...server,
    call: repeated("call", "TOOL", "Call this tool once and print what it returns; may be repeated"),
    input: repeated(
      "input",
      "JSON",
      "What to call it with, an object in JSON (default: {}); the first is for the first call"
    ),
    exercise: Flag.Boolean("exercise").pipe(
      Flag.withDescription(
        "Use everything that it offers once, with samples made from its schemas: for a server that may be played with"
      ),
      Flag.withDefault(false)
    ),
    workspace,
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/McpProbe.ts")),
      (command) => command.probe(input)
    )
).pipe(
  Command.withDescription("Connect to a server that is not configured, and store nothing"),
  Command.withExamples([
    { command: "parley mcp probe http://127.0.0.1:3000/mcp", description: "What a server offers" },
    {
      command: `parley mcp probe --call echo --input '{"text":"hi"}' -- node server.js`,
      description: "One call; exit code 1 when the tool says it failed, 4 when the server cannot be reached"
    }
  ])
)

const importFrom = Command.make(
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

export const mcp = Command.make("mcp").pipe(
  Command.withDescription("Your MCP servers"),
  Command.withSubcommands([list, add, remove, enable, disable, inspect, probe, importFrom])
)
