import type { HandleMessageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import type { Provenance } from "@parley/domain/Provenance"
import type { PinKind } from "@parley/domain/SessionEvent"
import type { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import { compactNow } from "./commands/SessionEdits.ts"
import type { UsageError } from "./ExitCode.ts"
import { Output } from "./Output.ts"
import * as Prompts from "./Prompts.ts"
import { short } from "./Render.ts"
import * as ServerRestarts from "./ServerRestarts.ts"
import type { Setup } from "./Setup.ts"

type Edit = Effect.Effect<
  void,
  HandleMessageError | UsageError,
  SessionCoordinator | SessionManager | McpManager | Output
>

type Command = (id: SessionId, text: string, setup: Setup, provenance: Provenance) => Edit

const help = `/compact        sum up what was said, to make room
/undo           take the latest compaction back
/refresh        show all files anew, and what was said of them before no more
/pin TEXT       keep this in view through every compaction
/goal TEXT      the same, as what all of it is for
/todo TEXT      the same, as work that is open
/unpin TEXT     no more
/prompts        messages that MCP servers would write for you
/SERVER:PROMPT  send one of them: its arguments follow, in their order or as name=value
@SERVER:URI     in a message: what this resource of an MCP server holds is attached, as @PATH attaches a file
/mcp            list the MCP servers and how they fare
/mcp restart S  end the server S and start it anew
/exit           end the conversation; it is stored`

const noted = (edit: Effect.Effect<void, HandleMessageError>, words: string) =>
  Effect.andThen(
    edit,
    Output.use((output) => output.note(words))
  )

const listPrompts: Edit = Effect.gen(function* () {
  const output = yield* Output
  const lines = yield* Prompts.lines
  for (const line of lines) yield* output.note(short(line, 300))
  if (lines.length === 0) yield* output.note("No MCP server offers a prompt; `parley mcp prompts` says how they fare")
})

const pin =
  (kind: PinKind): Command =>
  (id, text, _, provenance) =>
    SessionCoordinator.use((parley) => noted(parley.pin(id, { kind, text, provenance }), "pinned"))

const servers = (setup: Setup): Edit =>
  Effect.gen(function* () {
    const output = yield* Output
    const mcp = yield* McpManager
    for (const status of yield* mcp.servers) yield* output.note(ServerRestarts.words(setup, status))
  })

const mcp = (setup: Setup, text: string): Edit => {
  const [verb = "", name = "", ...more] = text.split(" ")
  if (verb === "restart" && name !== "" && more.length === 0) return ServerRestarts.here(setup, name)
  return text === "" ? servers(setup) : Output.use((output) => output.note("/mcp, or /mcp restart SERVER"))
}

const commands: { readonly [name: string]: Command } = {
  "/help": () => Output.use((output) => output.note(help)),
  "/prompts": () => listPrompts,
  "/compact": (id) => compactNow(id),
  "/undo": (id) => SessionCoordinator.use((parley) => noted(parley.undoCompaction(id), "undone")),
  "/refresh": (id) => SessionCoordinator.use((parley) => noted(parley.refresh(id), "with the next message")),
  "/mcp": (_, text, setup) => mcp(setup, text),
  "/pin": pin("constraint"),
  "/goal": pin("goal"),
  "/todo": pin("open-work"),
  "/unpin": (id, text) => SessionCoordinator.use((parley) => noted(parley.unpin(id, text), "unpinned"))
}

export const names: ReadonlyArray<string> = [...Object.keys(commands), "/exit"]

/** What a line of `chat` does to the session itself; undefined for a message. `provenance` is who wrote the line. */
export const find = (line: string, id: SessionId, setup: Setup, provenance: Provenance): Edit | undefined => {
  const [name = "", ...rest] = line.trim().split(/\s+/)
  return Object.hasOwn(commands, name) ? commands[name]?.(id, rest.join(" "), setup, provenance) : undefined
}
