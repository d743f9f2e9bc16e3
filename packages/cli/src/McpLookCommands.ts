import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"
import { name, repeated, server } from "./McpFlags.ts"

// The commands that start servers, show what they offer, and end them.

const { workspace } = Flags.shared

export const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/McpList.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("Start your MCP servers and say how each fares"))

export const inspect = Command.make("inspect", { name, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/McpInspect.ts")),
    (command) => command.inspect(input)
  )
).pipe(Command.withDescription("Connect to one server, and show its tools and what was left out of them"))

export const probe = Command.make(
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
      command: `parley mcp probe --call echo --input '{"text":"hi"}' -- node /srv/server.js`,
      description: "One call; exit code 1 when the tool says it failed, 4 when the server cannot be reached"
    }
  ])
)

const offers = Effect.promise(() => import("./commands/McpOffers.ts"))
const oneOrAll = Argument.optional(name)
export const resources = Command.make("resources", { name: oneOrAll, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(offers, (command) => command.resources(input))
).pipe(Command.withDescription("What one server, or all, offer to be read: mention it in a message as @SERVER:URI"))
export const prompts = Command.make("prompts", { name: oneOrAll, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(offers, (command) => command.prompts(input))
).pipe(
  Command.withDescription("Messages that one server, or all, would write: /SERVER:PROMPT in a chat, or run --prompt")
)
export const read = Command.make(
  "read",
  {
    name,
    uri: Argument.String("uri").pipe(Argument.withDescription("The URI of a resource, listed or not")),
    workspace,
    format: Flags.listFormat
  },
  (input) => Effect.flatMap(offers, (command) => command.read(input))
).pipe(Command.withDescription("Print what a resource of a server holds"))
