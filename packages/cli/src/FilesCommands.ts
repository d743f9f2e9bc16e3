import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"

const { workspace } = Flags.shared
const entries = Argument.String("path").pipe(
  Argument.withDescription("Paths in the workspace, or patterns such as 'docs/**/*.md'"),
  Argument.atLeast(1)
)
const handlers = Effect.promise(() => import("./commands/Files.ts"))

const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(handlers, (command) => command.list(input))
).pipe(Command.withDescription("List the files that a request holds now, and what is left out and why"))

const add = Command.make("add", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.add(input))
).pipe(Command.withDescription("Show the model these files, as they are with each message"))

const remove = Command.make("remove", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.remove(input))
).pipe(Command.withDescription("Show these files no more"))

const activate = Command.make("activate", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.activate(input))
).pipe(Command.withDescription("Switch files on that were switched off"))

const deactivate = Command.make("deactivate", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.deactivate(input))
).pipe(Command.withDescription("Switch files off: they stay included, and are not shown"))

export const files = Command.make("files").pipe(
  Command.withDescription("The files of the workspace that the model is shown"),
  Command.withSubcommands([list, add, remove, activate, deactivate])
)
