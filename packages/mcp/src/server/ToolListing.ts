import * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ServerDown } from "../transport/ChildServer.ts"
import type { Connection } from "../transport/Connection.ts"
import { listAll, type Paged } from "./Pages.ts"
import { explainLeftOut, type LeftOut, type OfferedTool, readTools } from "../tools/ToolList.ts"
import { wellFormed, withoutInvisible } from "@parley/domain/VisibleText"
import { cut } from "../text/Cut.ts"

const list: Paged = { method: "tools/list", key: "tools", noun: "tool" }

/** Adds what the user's configuration states about a tool. `read-only` takes precedence over `idempotent`. */
const marked = (config: McpServerConfig, tool: OfferedTool): OfferedTool => {
  const isIn = (names: ReadonlyArray<string> | undefined) => names?.includes(tool.tool) === true
  const safeToRepeat = isIn(config.readOnlyTools)
    ? "read-only"
    : isIn(config.idempotentTools)
      ? "idempotent"
      : undefined
  return {
    ...tool,
    ...(safeToRepeat === undefined ? {} : { safeToRepeat }),
    ...(isIn(config.strictTools) ? { strict: true } : {})
  }
}

/** A tool that its server offers and that is neither shown to a model nor called. `why` is the message for its caller. */
export interface Blocked {
  readonly name: string
  readonly why: string
}

/** The tools that a server offers, with a note for a person, for example about tools that were left out. */
export interface ToolListing {
  readonly tools: ReadonlyArray<OfferedTool>
  /** Every tool that is not passed on; `note` may mention only some of them. */
  readonly leftOut?: ReadonlyArray<LeftOut>
  readonly note: string | undefined
  /** The server's instructions for using its tools. */
  readonly instructions?: string
  /** Tools that are offered but blocked. */
  readonly blocked?: ReadonlyArray<Blocked>
}

const instructionsBytes = 4 * 1024

/**
 * Prepares a server's instructions for a model: removes invisible characters, and cuts text that is too long, with a mark.
 */
const readInstructions = (sent: string | undefined): string => {
  const { leftOut, text } = cut(withoutInvisible(wellFormed(sent ?? "")).trim(), instructionsBytes)
  return leftOut === 0 ? text : `${text}\n[${leftOut} bytes left out]`
}

/** Lists the tools of a server. */
export const listTools = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  connection: Connection
): Effect.fn.Return<ToolListing, ServerDown> {
  if (!connection.hasTools) return { tools: [], note: undefined }
  const { entries, note: aboutPages } = yield* listAll(list, connection.listTools)
  const { leftOut, tools: offered } = readTools(name, entries)
  const tools = offered.map((tool) => marked(config, tool))
  const notes = [explainLeftOut(leftOut), aboutPages]
  const note = notes.filter((note) => note !== undefined).join("; ")
  const instructions = readInstructions(connection.instructions)
  return { tools, leftOut, note: note === "" ? undefined : note, ...(instructions === "" ? {} : { instructions }) }
})
