import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Scope } from "effect/Scope"
import type { McpServerConfig, StdioServer } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import { childEnvironment } from "./internal/ChildEnvironment.ts"
import { ServerDown, startChildServer } from "./internal/ChildServer.ts"
import { type ClientInfo, type Connection, connectChild, connectHttp } from "./internal/Sdk.ts"
import type { RequestFailure } from "./internal/SdkFailure.ts"
import { explainLeftOut, readTools } from "./ToolList.ts"
import { fail, settle, type ToolServer } from "./ToolServer.ts"

/** What the start of a server needs besides its own configuration. */
export interface LifeOptions {
  readonly clientInfo: ClientInfo
  /** Where a server runs whose configuration names no directory. */
  readonly directory: string | undefined
  readonly environment: { readonly [name: string]: string | undefined } | undefined
  readonly grace: Duration.Duration
  readonly onStderr: ((server: string, text: string) => void) | undefined
}

const maxPages = 64
const maxTools = 2000

const Page = Schema.Struct({ tools: Schema.Array(Schema.Unknown), nextCursor: Schema.optionalKey(Schema.Unknown) })
const decodePage = Schema.decodeUnknownEffect(Page)

const wordsOf = ({ reason }: RequestFailure): string => (reason._tag === "Answered" ? reason.message : reason.problem)

/** All pages of the tool list. A server that answers with ever new pages is read no further than the limits. */
const listAll = Effect.fnUntraced(function* (connection: Connection) {
  const entries: Array<unknown> = []
  const seen = new Set<string>()
  let cursor: string | undefined = undefined
  for (let page = 0; page < maxPages && entries.length <= maxTools; page++) {
    const answer: unknown = yield* connection
      .listTools(cursor)
      .pipe(Effect.mapError((failure) => new ServerDown({ problem: `it cannot list its tools: ${wordsOf(failure)}` })))
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

const toolsOf = Effect.fnUntraced(function* (name: string, config: McpServerConfig, connection: Connection) {
  if (!connection.hasTools) return { tools: [], problem: undefined }
  const { entries, more } = yield* listAll(connection)
  const { leftOut, tools: offered } = readTools(name, entries)
  const tools = offered.map((tool) => marked(config, tool))
  const notes = [explainLeftOut(leftOut), more ? "its list of tools did not end and was cut" : undefined]
  const problem = notes.filter((note) => note !== undefined).join("; ")
  return { tools, problem: problem === "" ? undefined : problem }
})

/** A server that has been started and not yet asked anything. */
interface Started {
  readonly connect: Effect.Effect<Connection, ServerDown, Scope>
  /** How the program ended. Of a server elsewhere nothing is known. */
  readonly ended: Effect.Effect<string>
  readonly lastWords: () => string
}

const startStdio = (
  name: string,
  config: StdioServer,
  options: LifeOptions
): Effect.Effect<Started, ServerDown, Scope> =>
  Effect.map(
    startChildServer({
      command: config.command,
      args: config.args ?? [],
      env: childEnvironment(config.env, options.environment),
      cwd: config.cwd ?? options.directory,
      grace: options.grace,
      onStderr: options.onStderr === undefined ? undefined : (text) => options.onStderr?.(name, text)
    }),
    (child) => ({
      connect: connectChild(child, options.clientInfo),
      ended: child.ended,
      lastWords: child.lastWords
    })
  )

const start = (name: string, config: McpServerConfig, options: LifeOptions) =>
  "url" in config
    ? Effect.succeed<Started>({
        connect: connectHttp(config.url, config.headers ?? {}, options.clientInfo),
        ended: Effect.never,
        lastWords: () => ""
      })
    : startStdio(name, config, options)

const withLastWords = (problem: string, { lastWords }: Started): string => {
  const words = lastWords()
  return words === "" ? problem : `${problem} (stderr: ${words})`
}

/** What to say of a connection that broke. Most often the program has just ended, and a moment is given to see that. */
const explain = (problem: string, started: Started): Effect.Effect<string> =>
  Effect.timeoutOption(started.ended, "300 millis").pipe(
    Effect.map(Option.match({ onNone: () => problem, onSome: (how) => `it ${how}` })),
    Effect.map((said) => withLastWords(said, started))
  )

const readyIn = (name: string, config: McpServerConfig, started: Started) => {
  const limit = Duration.millis(config.startTimeoutMillis ?? 10_000)
  return started.connect.pipe(
    Effect.flatMap((connection) =>
      Effect.map(toolsOf(name, config, connection), (listed) => ({ _tag: "Ready" as const, connection, ...listed }))
    ),
    Effect.catchTag("ServerDown", ({ problem }) =>
      Effect.flatMap(explain(problem, started), (said) => Effect.fail(new ServerDown({ problem: said })))
    ),
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () =>
        Effect.suspend(() => {
          const problem = `it did not answer within ${Duration.toSeconds(limit)} s`
          return Effect.fail(new ServerDown({ problem: withLastWords(problem, started) }))
        })
    })
  )
}

/**
 * Runs one server until it ends or the fiber is interrupted; then everything it started is ended too. Never fails: the
 * server's state says how it went, and is settled within the start limit.
 */
export const live = (server: ToolServer, config: McpServerConfig, options: LifeOptions): Effect.Effect<void> =>
  Effect.gen(function* () {
    const started = yield* start(server.name, config, options)
    const ready = yield* readyIn(server.name, config, started)
    yield* settle(server, ready)
    yield* ready.connection.closed
    return yield* new ServerDown({ problem: yield* explain("the connection closed", started) })
  }).pipe(
    // Told before the scope closes: whoever waits for the server need not wait until it has been ended.
    Effect.catchTag("ServerDown", ({ problem }) => fail(server, problem)),
    Effect.scoped,
    // A defect here is a fault of ours; it must not leave `tools` waiting for ever.
    Effect.catchDefect((defect) => fail(server, `internal error: ${String(defect)}`))
  )
