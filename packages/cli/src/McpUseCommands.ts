import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"
import { name } from "./McpFlags.ts"

// The commands for servers in use: logging in, trust, what they wrote, and starting them anew.

const { workspace } = Flags.shared

export const auth = Command.make(
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

export const logs = Command.make(
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

export const restart = Command.make("restart", { name, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/McpRestart.ts")),
    (command) => command.restart(input)
  )
).pipe(
  Command.withDescription("Have your running conversations end a server and start it anew, also one that has failed")
)

export const trust = Command.make(
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
    allow: Flags.allowWhenTrusting,
    full: Flag.Boolean("full").pipe(
      Flag.withDescription("Leave nothing out of what is shown, however long it is"),
      Flag.withDefault(false)
    ),
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
