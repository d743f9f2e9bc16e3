import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"
import { name } from "./McpFlags.ts"

// The commands for servers in use: login, trust, logs and restart.

const { workspace } = Flags.shared

export const auth = Command.make(
  "auth",
  {
    name,
    paste: Flag.Boolean("paste").pipe(
      Flag.withDescription(
        "Do not open a browser here; log in with one elsewhere and paste the address at which it ends"
      ),
      Flag.withDefault(false)
    ),
    logout: Flag.Boolean("logout").pipe(
      Flag.withDescription("Delete the stored login instead of logging in"),
      Flag.withDefault(false)
    ),
    limit: Flags.count("limit", "Maximum seconds to complete the login (default: 300)"),
    workspace
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/mcp/McpAuth.ts")),
      (command) => command.auth(input)
    )
).pipe(Command.withDescription("Log in to a server with a browser"))

export const logs = Command.make(
  "logs",
  {
    name,
    lines: Flags.count("lines", "Number of lines to print, counted from the end (default: 50)").pipe(
      Flag.withAlias("n")
    ),
    follow: Flag.Boolean("follow").pipe(
      Flag.withAlias("f"),
      Flag.withDescription("Keep printing new lines until Ctrl-C"),
      Flag.withDefault(false)
    ),
    workspace
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/mcp/McpLogs.ts")),
      (command) => command.logs(input)
    )
).pipe(Command.withDescription("Print what a server logged and wrote to standard error in your sessions"))

export const restart = Command.make("restart", { name, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/mcp/McpRestart.ts")),
    (command) => command.restart(input)
  )
).pipe(Command.withDescription("Restart a server in all your running conversations, even if it has failed"))

export const trust = Command.make(
  "trust",
  {
    name: name.pipe(Argument.optional),
    list: Flag.Boolean("list").pipe(
      Flag.withDescription("Only list what the project declares, whether you trust it, and its hash"),
      Flag.withDefault(false)
    ),
    yes: Flag.Boolean("yes").pipe(
      Flag.withDescription("Do not ask for confirmation; requires --hash"),
      Flag.withDefault(false)
    ),
    hash: Flag.String("hash").pipe(
      Flag.withMetavar("HASH"),
      Flag.withDescription("Trust the server only if it has this hash, as shown by --list"),
      Flag.optional
    ),
    revoke: Flag.Boolean("revoke").pipe(
      Flag.withDescription("Delete your decision about a server, or about all servers of this project with --all"),
      Flag.withDefault(false)
    ),
    all: Flag.Boolean("all").pipe(
      Flag.withDescription("With --revoke: all servers of this project"),
      Flag.withDefault(false)
    ),
    allow: Flags.allowWhenTrusting,
    full: Flag.Boolean("full").pipe(Flag.withDescription("Show long values completely"), Flag.withDefault(false)),
    workspace,
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/mcp/McpTrust.ts")),
      (command) => command.trust(input)
    )
).pipe(
  Command.withDescription(
    "Review the MCP servers that a project declares, or tools that have changed, and decide which may be used"
  ),
  Command.withExamples([
    { command: "parley mcp trust", description: "Show each server of this project and ask whether to trust it" },
    { command: "parley mcp trust --list", description: "List the servers with the hashes that scripts need" },
    { command: "parley mcp trust docs --yes --hash HASH", description: "Trust the server if it has this hash" }
  ])
)
