import * as Effect from "effect/Effect"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { ServerDown } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import { listAll } from "./Pages.ts"
import { explainLeftOut, readTools } from "./ToolList.ts"

/** What the user says about a tool. That it changes nothing is the stronger word. */
const marked = ({ idempotentTools, readOnlyTools }: McpServerConfig, tool: ToolDefinition): ToolDefinition =>
  readOnlyTools?.includes(tool.tool) === true
    ? { ...tool, safeToRepeat: "read-only" }
    : idempotentTools?.includes(tool.tool) === true
      ? { ...tool, safeToRepeat: "idempotent" }
      : tool

/** What a server offers, and what a person should know about that, such as tools that were left out. */
export interface Catalog {
  readonly tools: ReadonlyArray<ToolDefinition>
  readonly note: string | undefined
}

/** Asks a server for its tools. */
export const catalogOf = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  connection: Connection
): Effect.fn.Return<Catalog, ServerDown> {
  if (!connection.hasTools) return { tools: [], note: undefined }
  const { entries, more } = yield* listAll({ method: "tools/list", key: "tools", noun: "tool" }, connection.listTools)
  const { leftOut, tools: offered } = readTools(name, entries)
  const tools = offered.map((tool) => marked(config, tool))
  const notes = [explainLeftOut(leftOut), more ? "its list of tools did not end and was cut" : undefined]
  const note = notes.filter((note) => note !== undefined).join("; ")
  return { tools, note: note === "" ? undefined : note }
})
