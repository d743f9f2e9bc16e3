import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import * as RequestSize from "@parley/session/RequestSize"
import { concealing } from "@parley/mcp/Concealing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { inLine } from "../Render.ts"
import * as ServerView from "../ServerView.ts"
import * as Setup from "../Setup.ts"
import * as ProjectList from "../trust/ProjectList.ts"
import type { Here } from "./Dynamic.ts"

const Listed = Schema.Struct({
  ...ServerView.View.fields,
  state: Schema.Literals(["ready", "needs-auth", "failed", "disabled", ...ProjectList.unused]),
  tools: Schema.Int,
  /** About what its tools take of each request. */
  tokens: Schema.optionalKey(Schema.Int),
  problem: Schema.optionalKey(Schema.String),
  ...ProjectList.fields
})
const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Struct({ servers: Schema.Array(Listed) })))

const listed = (
  shown: ServerView.View,
  status: ServerStatus | undefined,
  tokens: number | undefined,
  conceal: (text: string) => string
): typeof Listed.Type => {
  if (status === undefined) return { ...shown, state: "disabled", tools: 0 }
  const { problem, tools } = status
  // A server may be about to be tried again, but this command does not stay to see that.
  const state = status.state === "ready" || status.state === "needs-auth" ? status.state : "failed"
  const size = tokens === undefined ? {} : { tokens }
  return { ...shown, state, tools, ...size, ...(problem === undefined ? {} : { problem: conceal(problem) }) }
}

const words = (server: typeof Listed.Type): string =>
  [
    `${server.name}: ${server.state === "ready" ? `${server.tools} tools` : server.state}`,
    `  ${inLine(server.start + ServerView.beside(server))}`,
    ...(server.problem === undefined ? [] : [`  ! ${inLine(server.problem)}`]),
    ...(server.tokens === undefined ? [] : [`  about ${server.tokens} tokens in each request`])
  ].join("\n")

/** The servers that count, each started to see how it fares; those that are off, or not trusted, are only named. */
export const list = Effect.fn("parley mcp list")(function* (flags: Here & { readonly format: "text" | "json" }) {
  const setup = yield* Setup.load(flags)
  const output = yield* Output
  const configured = Object.entries(setup.servers)
  const [statuses, definitions] =
    configured.length === 0
      ? [[], []]
      : yield* Effect.provide(
          Effect.flatMap(McpManager, ({ servers, tools }) => Effect.all([servers, tools])),
          Live.tools(setup)
        )
  const sizes = RequestSize.ofServers(definitions)
  const started = configured.map(([name, config]): typeof Listed.Type =>
    ProjectList.withSource(
      setup.project,
      listed(
        ServerView.view(name, config),
        config.disabled === true ? undefined : statuses.find((status) => status.name === name),
        sizes.find(({ server }) => server === name)?.tokens,
        concealing(config)
      )
    )
  )
  const servers = [...started, ...ProjectList.notUsed(setup.project)]
  if (setup.project.problem !== undefined) yield* output.note(`parley: ${setup.project.problem.message}`)
  if (flags.format === "json") return yield* output.line(yield* Effect.orDie(encode({ servers })))
  if (servers.length === 0)
    return yield* output.note(
      `No MCP servers in ${setup.user.configFile}; \`parley mcp add --help\` says how to add one`
    )
  for (const server of servers) yield* output.text(`${words(server)}\n`)
})
