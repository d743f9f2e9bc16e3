import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"

const id = Argument.String("id").pipe(Argument.withDescription("ID of the session"))
const { workspace } = Flags.shared

const all = Flag.Boolean("all").pipe(
  Flag.withAlias("a"),
  Flag.withDescription("Include the sessions of all workspaces"),
  Flag.withDefault(false)
)
const list = Command.make("list", { workspace, all, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Sessions.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("List the sessions of the workspace, latest first"))

const follow = Flag.Boolean("follow").pipe(
  Flag.withDescription(
    "Keep showing new events, from any process, until Ctrl-C; with --format json, one event per line"
  ),
  Flag.withDefault(false)
)
const show = Command.make("show", { id, workspace, follow, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Sessions.ts")),
    (command) => command.show(input)
  )
).pipe(Command.withDescription("Show a session: its rounds, turns and tool calls"))

const remove = Command.make("delete", { id, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Sessions.ts")),
    (command) => command.remove(input)
  )
).pipe(Command.withDescription("Delete a session and everything that belongs to it"))

const repair = Command.make("repair", { id, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Sessions.ts")),
    (command) => command.repair(input)
  )
).pipe(Command.withDescription("Copy the readable part of a damaged session into a new one"))

const directory = Argument.String("directory").pipe(
  Argument.withDescription("The directory that the sessions belong to now; it need not exist any more")
)
const relocate = Command.make("relocate", { directory, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/RelocateCommand.ts")),
    (command) => command.relocate(input)
  )
).pipe(
  Command.withDescription("Make the sessions of another directory those of this workspace, such as after it was moved"),
  Command.withExamples([
    { command: "parley sessions relocate ~/old/project", description: "Continue its sessions in this workspace" }
  ])
)

const file = Argument.String("file").pipe(Argument.withDescription("File to create; it must not exist yet"))
const backup = Command.make("backup", { file }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/BackupCommand.ts")),
    (command) => command.backup(input.file)
  )
).pipe(
  Command.withDescription("Copy the sessions of all workspaces, even while in use, into a file that only you can read")
)

const edits = () => import("../chat/SessionEditCommands.ts")
const compact = Command.make("compact", { id, ...Flags.shared }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.compact(input))
).pipe(Command.withDescription("Summarize the older part of a session, so that later requests are smaller"))
const uncompact = Command.make("uncompact", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.uncompact(input))
).pipe(Command.withDescription("Undo the latest compaction of a session"))

const rounds = Flag.Int("rounds").pipe(
  Flag.withAlias("n"),
  Flag.withDescription("How many rounds to take back"),
  Flag.withDefault(1)
)
const undo = Command.make("undo", { id, rounds, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.undo(input))
).pipe(
  Command.withDescription(
    "Take back the last rounds: later requests are as if they had not happened, and the log keeps them"
  )
)
const redo = Command.make("redo", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.redo(input))
).pipe(Command.withDescription("Bring back the rounds that were taken back last, if no round has started since"))

const place = Flag.String("at").pipe(
  Flag.withDescription("Last round to copy, such as r3, or turn, such as r3t1; 0 copies none. Default: all of them"),
  Flag.optional
)
const fork = Command.make("fork", { id, at: place, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.fork(input))
).pipe(Command.withDescription("Copy a session into a new one, which goes on on its own"))

const refresh = Command.make("refresh", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.refresh(input))
).pipe(Command.withDescription("Send all files again with the next message, in place of their earlier versions"))

const words = Argument.String("text").pipe(
  Argument.withDescription("The text; several arguments are joined with spaces"),
  Argument.variadic()
)
const kind = Flag.Literals("kind", ["constraint", "goal", "open-work"]).pipe(
  Flag.withDescription("How the text is presented to the model"),
  Flag.withDefault("constraint")
)
const pin = Command.make("pin", { id, text: words, kind, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.pin(input))
).pipe(Command.withDescription("Keep a text in the context through every compaction"))
const unpin = Command.make("unpin", { id, text: words, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.unpin(input))
).pipe(Command.withDescription("Remove a pinned text"))
const pins = Command.make("pins", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.pins(input))
).pipe(Command.withDescription("List the pinned texts of a session"))

/** `parley sessions`: inspects and edits stored sessions. */
export const sessions = Command.make("sessions").pipe(
  Command.withDescription("Inspect, edit, repair and back up stored sessions"),
  Command.withSubcommands([
    list,
    show,
    undo,
    redo,
    fork,
    compact,
    uncompact,
    refresh,
    pin,
    unpin,
    pins,
    relocate,
    repair,
    backup,
    remove
  ])
)
