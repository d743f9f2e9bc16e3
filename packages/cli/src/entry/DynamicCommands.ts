import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"

const { workspace } = Flags.shared
const id = Argument.String("id").pipe(Argument.withDescription("ID of the slot"))
const handlers = Effect.promise(() => import("../commands/DynamicCommand.ts"))

const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/DynamicList.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("List your slots and the project's, and when each is resolved"))

const add = Command.make(
  "add",
  {
    id,
    tool: Argument.String("tool").pipe(Argument.withDescription("Tool to call, by its name in `parley tools`")),
    workspace,
    input: Flag.String("input").pipe(
      Flag.withMetavar("JSON"),
      Flag.withDescription("Input of the call, a JSON object (default: {})"),
      Flag.optional
    ),
    refresh: Flag.String("refresh").pipe(
      Flag.withMetavar("WHEN"),
      Flag.withDescription(
        "When to call the tool: for each message (round, the default), when a file of the context changes (change), " +
          "on `parley run --refresh ID` (demand), or when the value is older than this many seconds"
      ),
      Flag.optional
    ),
    onFailure: Flag.Literals("on-failure", ["note", "drop", "fail", "stale"]).pipe(
      Flag.withDescription(
        "After a failure: tell the model (note, the default), leave the slot out (drop), fail the message (fail), " +
          "or keep the last value (stale)"
      ),
      Flag.optional
    ),
    timeout: Flags.count("timeout", "Maximum milliseconds per call (default: 10000)"),
    maxTokens: Flags.count("max-tokens", "Maximum tokens of the result that are shown to the model (default: 4096)")
  },
  (input) => Effect.flatMap(handlers, (command) => command.add(input))
).pipe(
  Command.withDescription("Declare a tool call in your configuration; its result becomes part of the context"),
  Command.withExamples([
    {
      command: `parley dynamic add tree workspace__list_files --input '{"path":"src"}' --refresh change`,
      description: "List src, again whenever a file of the context changes"
    }
  ])
)

const remove = Command.make("remove", { id, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.remove(input))
).pipe(Command.withDescription("Remove one of your slots"))

const enable = Command.make("enable", { id, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.enable(input))
).pipe(Command.withDescription("Enable one of your slots"))

const disable = Command.make("disable", { id, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.disable(input))
).pipe(Command.withDescription("Disable one of your slots and keep its declaration"))

const test = Command.make("test", { id: Argument.optional(id), workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/DynamicTest.ts")),
    (command) => command.test(input)
  )
).pipe(Command.withDescription("Resolve one slot, or all enabled slots, and show what a model would receive"))

export const dynamic = Command.make("dynamic").pipe(
  Command.withDescription("Manage dynamic context: tool calls whose results are part of the context"),
  Command.withSubcommands([list, add, remove, enable, disable, test])
)
