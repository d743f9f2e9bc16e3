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

const optional = (flag: string, metavar: string, description: string) =>
  Flag.String(flag).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/** How a server is started and asked, for `add` and for `probe`. */
const server = {
  header: repeated("header", '"K: V"', "Sent with each request to an address; may be repeated"),
  env: repeated("env", "K=V", "Set for the program that is started; may be repeated"),
  cwd: Flag.String("cwd").pipe(
    Flag.withMetavar("DIR"),
    Flag.withDescription("Where the program is started (default: the workspace; for probe, the current directory)"),
    Flag.optional
  ),
  clientId: optional("client-id", "ID", "The OAuth client to log in as (default: Parley registers itself)"),
  clientSecretEnv: optional("client-secret-env", "VARIABLE", "The variable that holds the secret of that client"),
  clientMetadataUrl: optional(
    "client-metadata-url",
    "URL",
    "The https address of a client metadata document, for servers that take one in place of a registration"
  ),
  scope: optional("scope", '"A B"', "The OAuth scopes to ask for (default: those that the server names)"),
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
    auth: Flag.Boolean("auth").pipe(
      Flag.withDescription("Log in with the program that $BROWSER names when the server wants it; keeps no login"),
      Flag.withDefault(false)
    ),
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
    answer: Flag.Literals("answer", ["decline", "defaults"]).pipe(
      Flag.withDescription("What it is told when it asks something: no, or what its form has as defaults"),
      Flag.withDefault("decline")
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

const offers = Effect.promise(() => import("./commands/McpOffers.ts"))
const oneOrAll = Argument.optional(name)
const resources = Command.make("resources", { name: oneOrAll, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(offers, (command) => command.resources(input))
).pipe(Command.withDescription("What one server, or all, offer to be read: mention it in a message as @SERVER:URI"))
const prompts = Command.make("prompts", { name: oneOrAll, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(offers, (command) => command.prompts(input))
).pipe(
  Command.withDescription("Messages that one server, or all, would write: /SERVER:PROMPT in a chat, or run --prompt")
)
const read = Command.make(
  "read",
  {
    name,
    uri: Argument.String("uri").pipe(Argument.withDescription("The URI of a resource, listed or not")),
    workspace,
    format: Flags.listFormat
  },
  (input) => Effect.flatMap(offers, (command) => command.read(input))
).pipe(Command.withDescription("Print what a resource of a server holds"))

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

const auth = Command.make(
  "auth",
  {
    name,
    paste: Flag.Boolean("paste").pipe(
      Flag.withDescription("Open no browser here: you paste the address that one has ended up at"),
      Flag.withDefault(false)
    ),
    logout: Flag.Boolean("logout").pipe(
      Flag.withDescription("Forget the login, and log in to nothing"),
      Flag.withDefault(false)
    ),
    limit: Flags.count("limit", "Seconds you have to log in (default: 300)"),
    workspace
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/McpAuth.ts")),
      (command) => command.auth(input)
    )
).pipe(Command.withDescription("Log in to a server that asks for it, in a browser"))

const logs = Command.make(
  "logs",
  {
    name,
    lines: Flags.count("lines", "How many lines, the last ones (default: 50)").pipe(Flag.withAlias("n")),
    follow: Flag.Boolean("follow").pipe(
      Flag.withAlias("f"),
      Flag.withDescription("Go on with what is written from now on, until Ctrl-C"),
      Flag.withDefault(false)
    ),
    workspace
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/McpLogs.ts")),
      (command) => command.logs(input)
    )
).pipe(Command.withDescription("Print what a server logged and wrote to its standard error in your sessions"))

const restart = Command.make("restart", { name, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/McpRestart.ts")),
    (command) => command.restart(input)
  )
).pipe(
  Command.withDescription("Have your running conversations end a server and start it anew, also one that has failed")
)

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
  Command.withSubcommands([
    list,
    add,
    remove,
    enable,
    disable,
    inspect,
    resources,
    prompts,
    read,
    probe,
    auth,
    trust,
    importFrom,
    logs,
    restart
  ])
)
