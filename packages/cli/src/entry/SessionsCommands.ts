import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"

const id = Argument.String("id").pipe(
  Argument.withDescription("ID of the session, or the beginning of it if no other ID begins like that")
)
const { workspace } = Flags.shared

const all = Flag.Boolean("all").pipe(
  Flag.withAlias("a"),
  Flag.withDescription("Include the sessions of all workspaces, and archived ones"),
  Flag.withDefault(false)
)
const archived = Flag.Boolean("archived").pipe(
  Flag.withDescription("Include archived sessions"),
  Flag.withDefault(false)
)
const taggedWith = Flag.String("tag").pipe(Flag.withDescription("Only sessions with this tag"), Flag.optional)
const list = Command.make("list", { workspace, all, archived, tag: taggedWith, format: Flags.listFormat }, (input) =>
  Effect.flatMap(
    Effect.promise(() => import("../commands/Sessions.ts")),
    (command) => command.list(input)
  )
).pipe(Command.withDescription("List the sessions of the workspace: pinned ones, then the latest first"))

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

const searched = Argument.String("words").pipe(
  Argument.withDescription(
    'Words, all of which must be in one place; "quoted words" follow each other, and auth* is a beginning'
  ),
  Argument.variadic({ min: 1 })
)
const everywhere = Flag.Boolean("all").pipe(
  Flag.withAlias("a"),
  Flag.withDescription("Search the sessions of all workspaces"),
  Flag.withDefault(false)
)
const search = Command.make(
  "search",
  {
    words: searched,
    workspace,
    all: everywhere,
    limit: Flags.count("limit", "Maximum number of places to show (default: 20)"),
    format: Flags.listFormat
  },
  (input) =>
    Effect.flatMap(
      Effect.promise(() => import("../commands/SearchCommand.ts")),
      (command) => command.search(input)
    )
).pipe(
  Command.withDescription("Search messages, answers, tool calls and results; what fits best comes first"),
  Command.withExamples([
    { command: "parley sessions search login bug", description: "Find places that contain both words" },
    { command: `parley sessions search --all '"connection refused"'`, description: "Find a phrase in all workspaces" }
  ])
)

const transfer = () => import("../commands/TransferCommands.ts")
const exported = Flag.Literals("format", ["md", "html", "jsonl"]).pipe(
  Flag.withAlias("f"),
  Flag.withDescription(
    "Markdown, one HTML file for a browser, or JSON lines with the whole log, for `sessions import`"
  ),
  Flag.withDefault("md")
)
const target = Flag.String("output").pipe(
  Flag.withAlias("o"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("Write this new file, which only you can read, instead of standard output"),
  Flag.optional
)
const exporting = Command.make("export", { id, workspace, format: exported, output: target }, (input) =>
  Effect.flatMap(Effect.promise(transfer), (command) => command.exportSession(input))
).pipe(
  Command.withDescription("Write a session as Markdown, HTML or JSON lines"),
  Command.withExamples([
    { command: "parley sessions export ID -f html -o session.html", description: "Make a file to read in a browser" }
  ])
)
const importing = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("JSON lines of Parley, or a session file of Claude Code, Codex or opencode")
    ),
    workspace,
    format: Flags.listFormat
  },
  (input) => Effect.flatMap(Effect.promise(transfer), (command) => command.importSession(input))
).pipe(Command.withDescription("Make the session of a file a session of this workspace, to continue it here"))

const notes = () => import("../commands/SessionNotesCommands.ts")
const title = Argument.String("title").pipe(
  Argument.withDescription("The new title; several arguments are joined with spaces"),
  Argument.variadic({ min: 1 })
)
const rename = Command.make("rename", { id, title, workspace }, (input) =>
  Effect.flatMap(Effect.promise(notes), (command) => command.rename(input))
).pipe(Command.withDescription("Give a session a title, which then stays"))

const tags = Argument.String("tag").pipe(
  Argument.withDescription("A word; several may be given"),
  Argument.variadic({ min: 1 })
)
const tag = Command.make("tag", { id, tags, workspace }, (input) =>
  Effect.flatMap(Effect.promise(notes), (command) => command.tag(input))
).pipe(Command.withDescription("Add tags to a session, for `sessions list --tag`"))
const untag = Command.make("untag", { id, tags, workspace }, (input) =>
  Effect.flatMap(Effect.promise(notes), (command) => command.untag(input))
).pipe(Command.withDescription("Remove tags from a session"))
const archive = Command.make("archive", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(notes), (command) => command.archive(input))
).pipe(Command.withDescription("Leave a session out of lists and of --continue; nothing is deleted"))
const unarchive = Command.make("unarchive", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(notes), (command) => command.unarchive(input))
).pipe(Command.withDescription("List an archived session again"))

const words = Argument.String("text").pipe(
  Argument.withDescription(
    "The text; several arguments are joined with spaces. Without one, the session itself is meant"
  ),
  Argument.variadic()
)
const kind = Flag.Literals("kind", ["constraint", "goal", "open-work"]).pipe(
  Flag.withDescription("How the text is presented to the model"),
  Flag.withDefault("constraint")
)
const pin = Command.make("pin", { id, text: words, kind, workspace }, (input) =>
  Effect.gen(function* () {
    if (input.text.length === 0) return yield* (yield* Effect.promise(notes)).pin(input)
    return yield* (yield* Effect.promise(edits)).pin(input)
  })
).pipe(
  Command.withDescription(
    "Keep a text in the context through every compaction; without a text, list the session before others"
  )
)
const unpin = Command.make("unpin", { id, text: words, workspace }, (input) =>
  Effect.gen(function* () {
    if (input.text.length === 0) return yield* (yield* Effect.promise(notes)).unpin(input)
    return yield* (yield* Effect.promise(edits)).unpin(input)
  })
).pipe(Command.withDescription("Remove a pinned text; without a text, list the session in its place again"))
const pins = Command.make("pins", { id, workspace }, (input) =>
  Effect.flatMap(Effect.promise(edits), (command) => command.pins(input))
).pipe(Command.withDescription("List the pinned texts of a session"))

/** `parley sessions`: inspects and edits stored sessions. */
export const sessions = Command.make("sessions").pipe(
  Command.withDescription("Inspect, edit, repair and back up stored sessions"),
  Command.withSubcommands([
    list,
    show,
    search,
    rename,
    tag,
    untag,
    archive,
    unarchive,
    undo,
    redo,
    fork,
    compact,
    uncompact,
    refresh,
    pin,
    unpin,
    pins,
    exporting,
    importing,
    relocate,
    repair,
    backup,
    remove
  ])
)
