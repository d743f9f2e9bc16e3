import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { ServerDown } from "./internal/ChildServer.ts"
import type { Connection } from "./internal/Connection.ts"
import { explainLeftOut, type LeftOut, type OfferedTool, readTools } from "./ToolList.ts"

const maxPages = 64
const maxTools = 2000

const Page = Schema.Struct({ tools: Schema.Array(Schema.Unknown), nextCursor: Schema.optionalKey(Schema.Unknown) })
const decodePage = Schema.decodeUnknownEffect(Page)

const endless = "its list of tools did not end and was cut"

class PageProblem extends Schema.TaggedError<PageProblem>()("PageProblem", {
  problem: Schema.String,
  /** Whether the server can be asked for something else. */
  connected: Schema.Boolean
}) {}

const readPage = (connection: Connection, cursor: string | undefined): Effect.Effect<typeof Page.Type, PageProblem> =>
  connection.listTools(cursor).pipe(
    Effect.mapError(
      ({ connection, problem }) =>
        new PageProblem({ problem: `it cannot list its tools: ${problem}`, connected: connection === "Sound" })
    ),
    Effect.flatMap((answer) =>
      Effect.mapError(
        decodePage(answer),
        () => new PageProblem({ problem: "it answered to tools/list with something else", connected: true })
      )
    )
  )

/** All pages of the tool list. A server that answers with ever new pages is read no further than the limits. */
const listAll = Effect.fnUntraced(function* (connection: Connection) {
  const entries: Array<unknown> = []
  const seen = new Set<string>()
  let cursor: string | undefined = undefined
  for (let page = 0; page < maxPages && entries.length <= maxTools; page++) {
    const read: Result.Result<typeof Page.Type, PageProblem> = yield* Effect.result(readPage(connection, cursor))
    if (Result.isFailure(read)) {
      // What came before is worth having, as long as there is somebody to call.
      if (page > 0 && read.failure.connected)
        return { entries, note: `its list of tools is not whole: ${read.failure.problem}` }
      return yield* new ServerDown({ problem: read.failure.problem })
    }
    const { nextCursor, tools }: typeof Page.Type = read.success
    for (const tool of tools) entries.push(tool)
    if (typeof nextCursor !== "string") return { entries, note: undefined }
    if (seen.has(nextCursor)) return { entries, note: endless }
    seen.add(nextCursor)
    cursor = nextCursor
  }
  return { entries: entries.slice(0, maxTools), note: endless }
})

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
}

/** Asks a server for its tools. */
export const catalogOf = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  connection: Connection
): Effect.fn.Return<Catalog, ServerDown> {
  if (!connection.hasTools) return { tools: [], note: undefined }
  const { entries, note: aboutPages } = yield* listAll(connection)
  const { leftOut, tools: offered } = readTools(name, entries)
  const tools = offered.map((tool) => marked(config, tool))
  const notes = [explainLeftOut(leftOut), aboutPages]
  const note = notes.filter((note) => note !== undefined).join("; ")
  return { tools, leftOut, note: note === "" ? undefined : note }
})
