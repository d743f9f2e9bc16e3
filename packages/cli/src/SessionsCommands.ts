import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./commands/Flags.ts"

const id = Argument.String("id").pipe(Argument.withDescription("The session's id"))
const { workspace } = Flags.shared

const all = Flag.Boolean("all").pipe(
  Flag.withAlias("a"),
  Flag.withDescription("Sessions of all workspaces"),
  Flag.withDefault(false)
)
const list = Command.make("list", { workspace, all, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Sessions.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("List the workspace's sessions, latest first"))

const follow = Flag.Boolean("follow").pipe(
  Flag.withDescription("Then show what is added, by whatever process, until Ctrl-C; json is one event per line"),
  Flag.withDefault(false)
)
const show = Command.make("show", { id, workspace, follow, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Sessions.ts")),
    (command) => command.show(input)
  )
).pipe(Command.withDescription("Show a session: its rounds, turns and tool calls"))

const remove = Command.make("delete", { id, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Sessions.ts")),
    (command) => command.remove(input)
  )
).pipe(Command.withDescription("Delete a session and all that belongs to it"))

const repair = Command.make("repair", { id, workspace }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Sessions.ts")),
    (command) => command.repair(input)
  )
).pipe(Command.withDescription("Copy what is whole of a damaged session into a new one"))

const file = Argument.String("file").pipe(Argument.withDescription("The file to make, which must not exist yet"))
const backup = Command.make("backup", { file }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("./commands/Backup.ts")),
    (command) => command.backup(input.file)
  )
).pipe(Command.withDescription("Copy the sessions of all workspaces into a private file; they may be in use"))

const edits = () => import("./commands/SessionEdits.ts")
const compact = Command.make("compact", { id, ...Flags.shared }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.compact(input))
).pipe(Command.withDescription("Sum up what was said in a session, so that later requests are smaller"))
const undo = Command.make("undo", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.undo(input))
).pipe(Command.withDescription("Take the latest compaction of a session back"))

const refresh = Command.make("refresh", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.refresh(input))
).pipe(Command.withDescription("Show all files anew with the next message, and what was said of them before no more"))

const words = Argument.String("text").pipe(Argument.withDescription("More words are joined"), Argument.variadic())
const kind = Flag.Literals("kind", ["constraint", "goal", "open-work"]).pipe(
  Flag.withDescription("What it is to the model"),
  Flag.withDefault("constraint")
)
const pin = Command.make("pin", { id, text: words, kind, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.pin(input))
).pipe(Command.withDescription("Keep some words in view through every compaction"))
const unpin = Command.make("unpin", { id, text: words, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.unpin(input))
).pipe(Command.withDescription("Pin these words no more"))
const pins = Command.make("pins", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.pins(input))
).pipe(Command.withDescription("List what is pinned in a session"))

/** `parley sessions`: what is stored, and what users do to it. */
export const sessions = Command.make("sessions").pipe(
  Command.withDescription("Look at stored sessions, and change what they keep in view"),
  Command.withSubcommands([list, show, compact, undo, refresh, pin, unpin, pins, repair, backup, remove])
)
