import * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ServerDown } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import { listAll, type Paged } from "./Pages.ts"
import { explainLeftOut, type LeftOut, type OfferedTool, readTools } from "./ToolList.ts"
import type { Blocked } from "./Admission.ts"
import { cut, wellFormed } from "./PlainText.ts"
import { withoutUnseen } from "./Unseen.ts"

const list: Paged = { method: "tools/list", key: "tools", noun: "tool" }

/** What the user says about a tool. That it changes nothing is the stronger word. */
const marked = ({ idempotentTools, readOnlyTools }: McpServerConfig, tool: OfferedTool): OfferedTool =>
  readOnlyTools?.includes(tool.tool) === true
    ? { ...tool, safeToRepeat: "read-only" }
    : idempotentTools?.includes(tool.tool) === true
      ? { ...tool, safeToRepeat: "idempotent" }
      : tool

/** What a server offers, and what a person should know about that, such as tools that were left out. */
export interface Catalog {
  readonly tools: ReadonlyArray<OfferedTool>
  /** Every tool that is not passed on; what `note` says of them may be short. */
  readonly leftOut?: ReadonlyArray<LeftOut>
  readonly note: string | undefined
  /** What the server says of how its tools are to be used. */
  readonly instructions?: string
  /** Tools that are offered and not admitted. */
  readonly blocked?: ReadonlyArray<Blocked>
}

const instructionsBytes = 4 * 1024

/** Instructions made fit for a model: what a person would not see is gone, and what is too long is cut with a mark. */
const readInstructions = (sent: string | undefined): string => {
  const { leftOut, text } = cut(withoutUnseen(wellFormed(sent ?? "")).trim(), instructionsBytes)
  return leftOut === 0 ? text : `${text}\n[${leftOut} bytes left out]`
}

/** Asks a server for its tools. */
export const catalogOf = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  connection: Connection
): Effect.fn.Return<Catalog, ServerDown> {
  if (!connection.hasTools) return { tools: [], note: undefined }
  const { entries, note: aboutPages } = yield* listAll(list, connection.listTools)
  const { leftOut, tools: offered } = readTools(name, entries)
  const tools = offered.map((tool) => marked(config, tool))
  const notes = [explainLeftOut(leftOut), aboutPages]
  const note = notes.filter((note) => note !== undefined).join("; ")
  const instructions = readInstructions(connection.instructions)
  return { tools, leftOut, note: note === "" ? undefined : note, ...(instructions === "" ? {} : { instructions }) }
})
