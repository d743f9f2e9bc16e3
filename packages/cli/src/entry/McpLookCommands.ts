import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"
import { name, repeated, server } from "./McpFlags.ts"

// The commands that start servers, show what they offer, and stop them again.

const { workspace } = Flags.shared

export const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/mcp/McpList.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("Start your MCP servers and report the status of each"))

export const inspect = Command.make("inspect", { name, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/mcp/McpInspect.ts")),
    (command) => command.inspect(input)
  )
).pipe(Command.withDescription("Connect to one server and show its tools, and the tools that were left out"))

export const probe = Command.make(
  "probe",
  {
    target: Argument.String("target").pipe(
      Argument.withDescription("A URL, or after -- the program to start and its arguments"),
      Argument.variadic()
    ),
    ...server,
    auth: Flag.Boolean("auth").pipe(
      Flag.withDescription(
        "If the server requires a login, log in with the program that $BROWSER names; the login is not stored"
      ),
      Flag.withDefault(false)
    ),
    call: repeated("call", "TOOL", "Call this tool once and print its result; may be repeated"),
    input: repeated(
      "input",
      "JSON",
      "Input of the call, a JSON object (default: {}); the first --input belongs to the first --call"
    ),
    exercise: Flag.Boolean("exercise").pipe(
      Flag.withDescription(
        "Use each tool, resource and prompt once, with sample inputs; do this only with servers on which it can do no harm"
      ),
      Flag.withDefault(false)
    ),
    answer: Flag.Literals("answer", ["decline", "defaults"]).pipe(
      Flag.withDescription(
        "How to answer forms that the server sends: decline them, or accept them with their default values"
      ),
      Flag.withDefault("decline")
    ),
    workspace,
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/mcp/McpProbe.ts")),
      (command) => command.probe(input)
    )
).pipe(
  Command.withDescription("Connect to a server that is not configured, without storing anything"),
  Command.withExamples([
    { command: "parley mcp probe http://127.0.0.1:3000/mcp", description: "Show what a server offers" },
    {
      command: `parley mcp probe --call echo --input '{"text":"hi"}' -- node /srv/server.js`,
      description: "Call a tool; exit code 1 if the tool reports a failure, 4 if the server cannot be reached"
    }
  ])
)

const offers = Effect.promise(() => import("../commands/mcp/McpCatalogCommand.ts"))
const oneOrAll = Argument.optional(name)
export const resources = Command.make("resources", { name: oneOrAll, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(offers, (command) => command.resources(input))
).pipe(Command.withDescription("List the resources of one server or of all; mention one in a message as @SERVER:URI"))
export const prompts = Command.make("prompts", { name: oneOrAll, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(offers, (command) => command.prompts(input))
).pipe(
  Command.withDescription(
    "List the prompts of one server or of all; send one with /SERVER:PROMPT in a chat, or with `parley run --prompt`"
  )
)
export const read = Command.make(
  "read",
  {
    name,
    uri: Argument.String("uri").pipe(Argument.withDescription("URI of a resource; it need not be listed")),
    workspace,
    format: Flags.listFormat
  },
  (input) => Effect.flatMap(offers, (command) => command.read(input))
).pipe(Command.withDescription("Print the content of a server's resource"))
