import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import { ServerDown } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import type { Blocked } from "./Admission.ts"
import { explainLeftOut, readTools } from "./ToolList.ts"

const maxPages = 64
const maxTools = 2000

const Page = Schema.Struct({ tools: Schema.Array(Schema.Unknown), nextCursor: Schema.optionalKey(Schema.Unknown) })
const decodePage = Schema.decodeUnknownEffect(Page)

/** All pages of the tool list. A server that answers with ever new pages is read no further than the limits. */
const listAll = Effect.fnUntraced(function* (connection: Connection) {
  const entries: Array<unknown> = []
  const seen = new Set<string>()
  let cursor: string | undefined = undefined
  for (let page = 0; page < maxPages && entries.length <= maxTools; page++) {
    const answer: unknown = yield* connection
      .listTools(cursor)
      .pipe(Effect.mapError(({ problem }) => new ServerDown({ problem: `it cannot list its tools: ${problem}` })))
    const { nextCursor, tools }: typeof Page.Type = yield* decodePage(answer).pipe(
      Effect.mapError(() => new ServerDown({ problem: "it answered to tools/list with something else" }))
    )
    entries.push(...tools)
    if (typeof nextCursor !== "string" || seen.has(nextCursor)) return { entries, more: typeof nextCursor === "string" }
    seen.add(nextCursor)
    cursor = nextCursor
  }
  return { entries: entries.slice(0, maxTools), more: true }
})

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
  /** Tools that are offered and not admitted. */
  readonly blocked?: ReadonlyArray<Blocked>
}

/** Asks a server for its tools. */
export const catalogOf = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  connection: Connection
): Effect.fn.Return<Catalog, ServerDown> {
  if (!connection.hasTools) return { tools: [], note: undefined }
  const { entries, more } = yield* listAll(connection)
  const { leftOut, tools: offered } = readTools(name, entries)
  const tools = offered.map((tool) => marked(config, tool))
  const notes = [explainLeftOut(leftOut), more ? "its list of tools did not end and was cut" : undefined]
  const note = notes.filter((note) => note !== undefined).join("; ")
  return { tools, note: note === "" ? undefined : note }
})
