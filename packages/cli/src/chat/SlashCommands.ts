import type { HandleMessageError } from "@parley/domain/Errors"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { Provenance } from "@parley/domain/Provenance"
import type { PinKind } from "@parley/domain/SessionEvent"
import type { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import type { Conversation } from "./Conversation.ts"
import * as RoundEdits from "./RoundEdits.ts"
import * as InboxLines from "./InboxLines.ts"
import { compactNow, unpinNow } from "./SessionEditCommands.ts"
import type { UsageError } from "@parley/app/UsageError"
import { Output } from "../output/Output.ts"
import * as Prompts from "@parley/app/ServerPrompts"
import { inLine, short } from "../output/Render.ts"
import { statusLine } from "../output/ServerText.ts"
import * as ServerRestarts from "@parley/app/ServerRestarts"

type Edit = Effect.Effect<
  void,
  HandleMessageError | UsageError,
  SessionCoordinator | SessionManager | McpManager | ModelsManager | Output
>

type Command = (conversation: Conversation, text: string, provenance: Provenance) => Edit

const help = `/undo [N]       take back the last message and its answer, or the last N of them
/redo           bring back what was taken back last
/fork [ROUND]   continue in a copy of the session, as it was after that round
/model [NAME]   show or choose the model of the session; default: that of the configuration
/effort [LEVEL] show or choose how much it thinks; default: as configured
/compact        summarize the older messages to make later requests smaller
/uncompact      undo the latest compaction
/refresh        send all files again with the next message, in place of their earlier versions
/pin TEXT       keep this text in the context through every compaction, as a constraint
/goal TEXT      the same, as the goal of the session
/todo TEXT      the same, as open work
/unpin TEXT     remove a pinned text
/prompts        list the prompts of the MCP servers
/SERVER:PROMPT  send a prompt of an MCP server, followed by its arguments, in order or as name=value
@SERVER:URI     in a message: attach this resource of an MCP server, as @PATH attaches a file
/mcp            list the MCP servers and their status
/mcp restart S  restart the server S
/queue TEXT     during a round: send this text when the round has ended; other lines reach the running round
/inbox          list the messages that wait
/withdraw ID    take back a message that waits; without an ID, the last one
/exit           end the conversation; it stays stored`

const noted = <E, R>(edit: Effect.Effect<void, E, R>, words: string) =>
  Effect.andThen(
    edit,
    Output.use((output) => output.note(words))
  )

const listPrompts: Edit = Effect.gen(function* () {
  const output = yield* Output
  const lines = yield* Prompts.lines
  for (const line of lines) yield* output.note(short(line, 300))
  if (lines.length === 0) yield* output.note("No MCP server offers a prompt; /mcp shows the status of the servers")
})

const pin =
  (kind: PinKind): Command =>
  ({ id }, text, provenance) =>
    SessionCoordinator.use((parley) => noted(parley.pin(id, { kind, text, provenance }), "pinned"))

const servers: Edit = Effect.gen(function* () {
  const output = yield* Output
  const mcp = yield* McpManager
  for (const status of yield* mcp.servers) yield* output.note(statusLine(status))
})

const restart = Effect.fnUntraced(function* (name: string) {
  const output = yield* Output
  const status = yield* ServerRestarts.restart(name)
  yield* output.note(
    status === undefined ? `parley: there is no server ${inLine(name)}; /mcp lists the servers` : statusLine(status)
  )
})

const mcp = (text: string): Edit => {
  const [verb = "", name = "", ...more] = text.split(" ")
  if (verb === "restart" && name !== "" && more.length === 0) return restart(name)
  return text === "" ? servers : Output.use((output) => output.note("Usage: /mcp, or /mcp restart SERVER"))
}

const commands: { readonly [name: string]: Command } = {
  "/help": () => Output.use((output) => output.note(help)),
  "/prompts": () => listPrompts,
  "/undo": ({ id }, text) => RoundEdits.undoTyped(id, text),
  "/redo": ({ id }) => RoundEdits.redo(id),
  "/fork": RoundEdits.forkTyped,
  "/model": RoundEdits.model,
  "/effort": RoundEdits.effort,
  "/compact": ({ id }) => compactNow(id),
  "/uncompact": ({ id }) =>
    SessionCoordinator.use((parley) => noted(parley.undoCompaction(id), "the latest compaction is undone")),
  "/refresh": ({ id }) =>
    SessionCoordinator.use((parley) => noted(parley.refresh(id), "all files are sent again with the next message")),
  "/inbox": ({ id }) => InboxLines.list(id),
  "/withdraw": ({ id }, text) => InboxLines.withdraw(id, text),
  "/mcp": (_, text) => mcp(text),
  "/pin": pin("constraint"),
  "/goal": pin("goal"),
  "/todo": pin("open-work"),
  "/unpin": ({ id }, text) => noted(unpinNow(id, text), "unpinned")
}

export const names: ReadonlyArray<string> = [...Object.keys(commands), "/exit"]

/** The command that a line of `chat` contains; undefined for a message. `provenance` is who wrote the line. */
export const find = (line: string, conversation: Conversation, provenance: Provenance): Edit | undefined => {
  const [name = "", ...rest] = line.trim().split(/\s+/)
  return Object.hasOwn(commands, name) ? commands[name]?.(conversation, rest.join(" "), provenance) : undefined
}
