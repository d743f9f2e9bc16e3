import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"

const { workspace } = Flags.shared
const entries = Argument.String("path").pipe(
  Argument.withDescription("Paths, or patterns such as 'docs/**/*.md', relative to the current directory"),
  Argument.atLeast(1)
)
const handlers = Effect.promise(() => import("../commands/FilesCommand.ts"))

const list = Command.make("list", { workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(handlers, (command) => command.list(input))
).pipe(
  Command.withDescription(
    "List the files that a request contains now, and the files that are left out, with the reason"
  )
)

const add = Command.make("add", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.add(input))
).pipe(Command.withDescription("Show these files to the model, with their current content for each message"))

const remove = Command.make("remove", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.remove(input))
).pipe(Command.withDescription("Stop showing these files to the model"))

const activate = Command.make("activate", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.activate(input))
).pipe(Command.withDescription("Show deactivated files to the model again"))

const deactivate = Command.make("deactivate", { entries, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.deactivate(input))
).pipe(Command.withDescription("Deactivate files: they stay included, but are not shown to the model"))

export const files = Command.make("files").pipe(
  Command.withDescription("Manage the files of the workspace that are shown to the model"),
  Command.withSubcommands([list, add, remove, activate, deactivate])
)
