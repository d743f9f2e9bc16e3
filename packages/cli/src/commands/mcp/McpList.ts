import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import * as RequestEstimate from "@parley/session/RequestEstimate"
import { serverRedaction } from "@parley/mcp/ServerSecrets"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Engine from "@parley/app/Engine"
import { Output } from "../../output/Output.ts"
import { inLine } from "../../output/Render.ts"
import * as ServerView from "@parley/app/ServerView"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import * as ProjectList from "../../consent/ProjectList.ts"
import type { Here } from "../DynamicCommand.ts"

const Listed = Schema.Struct({
  ...ServerView.View.fields,
  state: Schema.Literals(["ready", "needs-auth", "failed", "disabled", ...ProjectList.unused]),
  tools: Schema.Int,
  /** Estimated tokens that its tools take in each request. */
  tokens: Schema.optionalKey(Schema.Int),
  problem: Schema.optionalKey(Schema.String),
  ...ProjectList.fields
})
const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Struct({ servers: Schema.Array(Listed) })))

const listed = (
  shown: ServerView.View,
  status: ServerStatus | undefined,
  tokens: number | undefined,
  redact: (text: string) => string
): typeof Listed.Type => {
  if (status === undefined) return { ...shown, state: "disabled", tools: 0 }
  const { problem, tools } = status
  // The manager may be about to restart the server, but this command does not wait for that.
  const state = status.state === "ready" || status.state === "needs-auth" ? status.state : "failed"
  const size = tokens === undefined ? {} : { tokens }
  return { ...shown, state, tools, ...size, ...(problem === undefined ? {} : { problem: redact(problem) }) }
}

const words = (server: typeof Listed.Type): string =>
  [
    `${server.name}: ${server.state === "ready" ? `${server.tools} tools` : server.state}`,
    `  ${inLine(server.start + ServerView.settingNames(server))}`,
    ...(server.problem === undefined ? [] : [`  ! ${inLine(server.problem)}`]),
    ...(server.tokens === undefined ? [] : [`  about ${server.tokens} tokens in each request`])
  ].join("\n")

/** Starts each enabled, trusted server and lists its status. Disabled and untrusted servers are listed without a start. */
export const list = Effect.fn("parley mcp list")(function* (flags: Here & { readonly format: "text" | "json" }) {
  const setup = yield* SetupFlags.load(flags)
  const output = yield* Output
  const configured = Object.entries(setup.servers)
  const [statuses, definitions] =
    configured.length === 0
      ? [[], []]
      : yield* Effect.provide(
          Effect.flatMap(McpManager, ({ servers, tools }) => Effect.all([servers, tools])),
          Engine.tools(setup)
        )
  const sizes = RequestEstimate.ofServers(definitions)
  const started = configured.map(([name, config]): typeof Listed.Type =>
    ProjectList.withSource(
      setup.project,
      listed(
        ServerView.view(name, config),
        config.disabled === true ? undefined : statuses.find((status) => status.name === name),
        sizes.find(({ server }) => server === name)?.tokens,
        serverRedaction(config)
      )
    )
  )
  const servers = [...started, ...ProjectList.notUsed(setup.project)]
  if (setup.project.problem !== undefined) yield* output.note(`parley: ${setup.project.problem.message}`)
  if (flags.format === "json") return yield* output.line(yield* Effect.orDie(encode({ servers })))
  if (servers.length === 0)
    return yield* output.note(
      `No MCP servers in ${setup.user.configFile}; \`parley mcp add --help\` shows how to add one`
    )
  for (const server of servers) yield* output.text(`${words(server)}\n`)
})
