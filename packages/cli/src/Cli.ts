import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"
import { dynamic } from "./DynamicCommands.ts"
import { files } from "./FilesCommands.ts"
import { mcp } from "./McpCommands.ts"
import { sessions } from "./SessionsCommands.ts"

// Handlers are imported when they are run: naming a command must not cost what all of them cost.

const message = Argument.String("message").pipe(
  Argument.withDescription("What to say; more words are joined, piped input is added"),
  Argument.variadic()
)
const { workspace } = Flags.shared

const run = Command.make(
  "run",
  {
    message,
    ...Flags.shared,
    ...Flags.target,
    ...Flags.limits,
    ...Flags.prompt,
    stdin: Flags.stdin,
    refresh: Flags.refresh,
    trust: Flags.trust,
    allow: Flags.allow,
    format: Flags.roundFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/Run.ts")),
      (command) => command.run(input)
    )
).pipe(
  Command.withDescription("Send one message and show the answer"),
  Command.withExamples([
    { command: 'parley run "List the files here"', description: "A new session in this workspace" },
    { command: 'parley run --continue "And which is the largest?"', description: "Go on with the latest one" },
    { command: "parley run --prompt docs:review --arg path=src", description: "A prompt of the MCP server docs" },
    { command: 'git diff | parley run "Review this"', description: "Add piped input to the message" }
  ])
)

const chat = Command.make("chat", { ...Flags.shared, ...Flags.target, ...Flags.limits, allow: Flags.allow }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Chat.ts")),
    (command) => command.chat(input)
  )
).pipe(Command.withDescription("Talk line by line"))

const recover = Command.make("recover", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Recover.ts")),
    (command) => command.recover(input)
  )
).pipe(
  Command.withDescription(
    "Close the rounds that dead processes left open, in all sessions; asks no model, calls no tool"
  )
)

const context = Command.make(
  "context",
  { message, ...Flags.shared, ...Flags.target, ...Flags.context, format: Flags.listFormat },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("./commands/Context.ts")),
      (command) => command.context(input)
    )
).pipe(
  Command.withDescription("Print exactly what the next request would hold, where it comes from, and send nothing"),
  Command.withExamples([
    { command: 'parley context -c "What now?"', description: "The next request of the latest session" },
    { command: "parley context -c --why src/main.ts", description: "Why a file is in it, or is not" },
    { command: "parley context -c --diff r3", description: "What is different since round 3" },
    { command: "parley context -c --turn r3t1 --bytes", description: "What was sent, every byte with its source" }
  ])
)

const tools = Command.make("tools", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Tools.ts")),
    (command) => command.tools(input)
  )
).pipe(Command.withDescription("List MCP servers and their tools"))

const models = Command.make("models", { ...Flags.shared, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Models.ts")),
    (command) => command.models(input)
  )
).pipe(Command.withDescription("List the models that can be used"))

export const parley = Command.make("parley").pipe(
  Command.withDescription("Conversations with tools that nothing can brick"),
  Command.withSubcommands([run, chat, sessions, recover, context, files, dynamic, mcp, tools, models])
)
