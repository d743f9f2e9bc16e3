import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"

const { workspace } = Flags.shared
const id = Argument.String("id").pipe(Argument.withDescription("The slot's id"))
const handlers = Effect.promise(() => import("./commands/Dynamic.ts"))

const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/DynamicList.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("List the slots, yours and the project's, and when each is asked"))

const add = Command.make(
  "add",
  {
    id,
    tool: Argument.String("tool").pipe(Argument.withDescription("The tool to call, by its name in `parley tools`")),
    workspace,
    input: Flag.String("input").pipe(
      Flag.withMetavar("JSON"),
      Flag.withDescription("What to call it with, an object in JSON (default: {})"),
      Flag.optional
    ),
    refresh: Flag.String("refresh").pipe(
      Flag.withMetavar("WHEN"),
      Flag.withDescription(
        "When it is called: round (the default), change (of a file of the context), demand (`parley run --refresh ID`), or when its value is this many seconds old"
      ),
      Flag.optional
    ),
    onFailure: Flag.Literals("on-failure", ["note", "drop", "fail", "stale"]).pipe(
      Flag.withDescription(
        "A failure is noted (the default), dropped, fails the message, or leaves the value from before"
      ),
      Flag.optional
    ),
    timeout: Flags.count("timeout", "Milliseconds it may take (default: 10000)"),
    maxTokens: Flags.count("max-tokens", "Tokens of its text that are shown (default: 4096)")
  },
  (input) => Effect.flatMap(handlers, (command) => command.add(input))
).pipe(
  Command.withDescription("Declare a tool call whose result is part of the context, in your own configuration"),
  Command.withExamples([
    {
      command: `parley dynamic add tree workspace__list_files --input '{"path":"src"}' --refresh change`,
      description: "What is in src, asked anew when a file of the context changes"
    }
  ])
)

const remove = Command.make("remove", { id, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.remove(input))
).pipe(Command.withDescription("Remove one of your slots"))

const enable = Command.make("enable", { id, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.enable(input))
).pipe(Command.withDescription("Switch one of your slots on"))

const disable = Command.make("disable", { id, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.disable(input))
).pipe(Command.withDescription("Switch one of your slots off, and keep it"))

const test = Command.make("test", { id: Argument.optional(id), workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/DynamicTest.ts")),
    (command) => command.test(input)
  )
).pipe(
  Command.withDescription("Call a slot's tool now, or those of all that are on, and show what a model would be given")
)

export const dynamic = Command.make("dynamic").pipe(
  Command.withDescription("Tool calls whose results are part of the context"),
  Command.withSubcommands([list, add, remove, enable, disable, test])
)
