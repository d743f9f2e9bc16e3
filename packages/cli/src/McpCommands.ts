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
    url: Flag.String("url").pipe(
      Flag.withDescription("The address of a server that speaks streamable HTTP"),
      Flag.optional
    ),
    ...server,
    readOnlyTool: repeated(
      "read-only-tool",
      "TOOL",
      "A tool that changes nothing: a call that was lost may be sent again; may be repeated"
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
    call: Flag.String("call").pipe(
      Flag.withMetavar("TOOL"),
      Flag.withDescription("Call this tool once and print what it returns"),
      Flag.optional
    ),
    input: Flag.String("input").pipe(
      Flag.withMetavar("JSON"),
      Flag.withDescription("What to call it with, an object in JSON (default: {})"),
      Flag.optional
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

const trust = Command.make(
  "trust",
  {
    name: name.pipe(Argument.optional),
    list: Flag.Boolean("list").pipe(
      Flag.withDescription("Only say what the project declares, how it stands, and its hash"),
      Flag.withDefault(false)
    ),
    yes: Flag.Boolean("yes").pipe(Flag.withDescription("Do not ask; needs --hash"), Flag.withDefault(false)),
    hash: Flag.String("hash").pipe(
      Flag.withMetavar("HASH"),
      Flag.withDescription("What is trusted must have this hash, as --list shows it"),
      Flag.optional
    ),
    revoke: Flag.Boolean("revoke").pipe(
      Flag.withDescription("Take back what was said about a server, or with --all about all of this project"),
      Flag.withDefault(false)
    ),
    all: Flag.Boolean("all").pipe(Flag.withDescription("With --revoke: all of this project"), Flag.withDefault(false)),
    workspace,
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/McpTrust.ts")),
      (command) => command.trust(input)
    )
).pipe(
  Command.withDescription(
    "Look at the MCP servers that a project declares, or at tools that have changed, and say which may be used"
  ),
  Command.withExamples([
    { command: "parley mcp trust", description: "Show each server of this project, and ask" },
    { command: "parley mcp trust --list", description: "What there is, with the hashes that scripts need" },
    { command: "parley mcp trust docs --yes --hash HASH", description: "Trust exactly what has this hash" }
  ])
)

export const mcp = Command.make("mcp").pipe(
  Command.withDescription("Your MCP servers"),
  Command.withSubcommands([list, add, remove, enable, disable, inspect, probe, importFrom, trust])
)
