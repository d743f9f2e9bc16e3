import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"
import { auth } from "./AuthCommands.ts"
import { dynamic } from "./DynamicCommands.ts"
import { files } from "./FilesCommands.ts"
import { mcp } from "./McpCommands.ts"
import { models } from "./ModelsCommands.ts"
import { sessions } from "./SessionsCommands.ts"

// Handlers are imported when they run, so that starting one command does not load the code of all the others.

const message = Argument.String("message").pipe(
  Argument.withDescription("The message; several arguments are joined with spaces, and piped input is appended"),
  Argument.variadic()
)
const nextMessage = Argument.String("message").pipe(
  Argument.withDescription("The next message; several arguments are joined with spaces"),
  Argument.variadic()
)
const { workspace } = Flags.shared

const run = Command.make(
  "run",
  {
    message,
    ...Flags.shared,
    effort: Flags.effort,
    ...Flags.target,
    ...Flags.limits,
    ...Flags.prompt,
    outputSchema: Flags.outputSchema,
    stdin: Flags.stdin,
    refresh: Flags.refresh,
    trust: Flags.trust,
    allow: Flags.allow,
    park: Flags.park,
    record: Flags.record,
    format: Flags.roundFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/Run.ts")),
      (command) => command.run(input)
    )
).pipe(
  Command.withDescription("Send one message and print the response"),
  Command.withExamples([
    { command: 'parley run "List the files here"', description: "Start a new session in this workspace" },
    { command: 'parley run --continue "And which is the largest?"', description: "Continue the latest session" },
    { command: "parley run --prompt docs:review --arg path=src", description: "Send a prompt of the MCP server docs" },
    { command: 'git diff | parley run "Review this"', description: "Append piped input to the message" },
    {
      command: 'parley run --output-schema schema.json "Who wrote this?"',
      description: "Print JSON that follows a schema"
    }
  ])
)

const send = Command.make(
  "send",
  {
    id: Argument.String("session").pipe(Argument.withDescription("ID of the session")),
    message,
    ...Flags.shared,
    allow: Flags.allow,
    queue: Flags.queue
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/Send.ts")),
      (command) => command.send(input)
    )
).pipe(
  Command.withDescription("Send a message to a session, also while another process uses it"),
  Command.withExamples([
    { command: 'parley send ses_… "Leave the tests alone"', description: "Reach the model with its next request" },
    {
      command: 'parley send ses_… --queue "Now write the tests"',
      description: "Send it when the running round has ended"
    }
  ])
)

const chat = Command.make(
  "chat",
  { ...Flags.shared, effort: Flags.effort, ...Flags.target, ...Flags.limits, allow: Flags.allow, record: Flags.record },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/Chat.ts")),
      (command) => command.chat(input)
    )
).pipe(Command.withDescription("Start an interactive conversation; each line is a message"))

const answer = Command.make(
  "answer",
  {
    id: Argument.String("id").pipe(Argument.withDescription("ID of the session")),
    workspace,
    ...Flags.answers,
    format: Flags.roundFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/AnswerCommand.ts")),
      (command) => command.answer(input)
    )
).pipe(
  Command.withDescription("Answer the open questions of a session, from any terminal, and show the rest of its round"),
  Command.withExamples([
    { command: "parley answer ses_06h2…", description: "Show each question and ask for its answer" },
    { command: 'parley answer ses_06h2… --deny --reason "use git instead"', description: "Answer in a script" }
  ])
)

const recover = Command.make("recover", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Recover.ts")),
    (command) => command.recover(input)
  )
).pipe(
  Command.withDescription(
    "Close the rounds that terminated processes left open, in all sessions, without calling a model or a tool"
  )
)

const context = Command.make(
  "context",
  {
    message: nextMessage,
    ...Flags.shared,
    effort: Flags.effort,
    ...Flags.target,
    ...Flags.context,
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/Context.ts")),
      (command) => command.context(input)
    )
).pipe(
  Command.withDescription(
    "Show exactly what the next request would contain and where each part comes from, without sending it"
  ),
  Command.withExamples([
    { command: 'parley context -c "What now?"', description: "Show the next request of the latest session" },
    { command: "parley context -c --why src/main.ts", description: "Explain why a file is or is not part of it" },
    { command: "parley context -c --diff r3", description: "Show what has changed since round 3" },
    {
      command: "parley context -c --turn r3t1 --bytes",
      description: "Show what was sent, with the source of every byte"
    }
  ])
)

const replay = Command.make(
  "replay",
  {
    file: Argument.String("file").pipe(Argument.withDescription("A recording, made with --record")),
    ...Flags.shared,
    effort: Flags.effort,
    ...Flags.replay,
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/ReplayCommand.ts")),
      (command) => command.replay(input)
    )
).pipe(
  Command.withDescription(
    "Run a recorded session again, offline and with the recorded time, and report the first byte that differs"
  ),
  Command.withExamples([
    { command: 'parley run --record bug.jsonl "List the files here"', description: "Record a new session" },
    { command: "parley replay bug.jsonl", description: "Do the same again, and compare" },
    {
      command: "parley replay bug.jsonl --from r2 --model anthropic/claude-sonnet-5-5",
      description: "Send the messages from round 2 on to another model, with the recorded results of tools"
    }
  ])
)

const tools = Command.make("tools", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Tools.ts")),
    (command) => command.tools(input)
  )
).pipe(Command.withDescription("List MCP servers and their tools"))

export const parley = Command.make("parley").pipe(
  Command.withDescription(
    "Conversations with models that use tools, stored so that crashes and cancellation cannot break them"
  ),
  Command.withSubcommands([
    run,
    chat,
    answer,
    send,
    sessions,
    recover,
    replay,
    context,
    files,
    dynamic,
    mcp,
    tools,
    models,
    auth
  ])
)
