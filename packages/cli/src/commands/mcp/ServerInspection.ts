import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as RequestEstimate from "@parley/session/RequestEstimate"
import { redactionInJson } from "@parley/domain/Redaction"
import { serverRedaction, serverNameRedaction } from "@parley/mcp/ServerSecrets"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ServerTrouble } from "@parley/app/ServerTrouble"
import { inLine, short } from "../../output/Render.ts"
import * as ServerView from "@parley/app/ServerView"
import { hiddenIn, visible } from "@parley/domain/VisibleText"

const Tool = Schema.Struct({
  /** The name that the model uses. */
  name: Schema.String,
  /** The name that the server uses. */
  tool: Schema.String,
  description: Schema.String,
  inputSchema: Schema.Json
})

/** The outcome of connecting to one server. */
const Inspection = Schema.Struct({
  ...ServerView.View.fields,
  state: Schema.Literals(["ready", "needs-auth", "failed"]),
  /** Milliseconds until its tools were known, or until it failed. */
  millis: Schema.Int,
  /** Why it failed, or which of its tools were left out. */
  problem: Schema.optionalKey(Schema.String),
  /** The server's `instructions`: how the model should use its tools. */
  instructions: Schema.optionalKey(Schema.String),
  tools: Schema.Array(Tool),
  /** Estimated tokens that the tools take in each request. */
  tokens: Schema.Int,
  /** The numbers of its resources, resource templates and prompts. */
  resources: Schema.Int,
  resourceTemplates: Schema.Int,
  prompts: Schema.Int,
  /** Every tool that the server offers but the model is not shown, with the reason. */
  leftOut: Schema.Struct({ tool: Schema.String, why: Schema.String }).pipe(Schema.Array, Schema.optionalKey)
})
type Inspection = typeof Inspection.Type

const encodeJson = Schema.encodeSync(Schema.fromJsonString(Schema.Json))
export const encode = Schema.encodeEffect(Schema.fromJsonString(Inspection))

/** The tools of one server, without those of other servers and the built-in ones. */
export const toolsOf = (name: string): Effect.Effect<ReadonlyArray<ToolDefinition>, never, McpManager> =>
  Effect.gen(function* () {
    const mcp = yield* McpManager
    return (yield* mcp.tools).filter(({ server }) => server === name)
  })

/** Waits for a server as `inspect` does, and fails with `ServerTrouble` if it is not ready. */
export const usable = Effect.fnUntraced(function* (name: string, redact: (text: string) => string) {
  const mcp = yield* McpManager
  const status = (yield* mcp.servers).find((server) => server.name === name)
  if (status?.state === "ready") return
  const problem = redact(`The server cannot be used: ${status?.problem ?? "it was not started"}`)
  return yield* new ServerTrouble({ reason: "Unreachable", problem })
})

/** Waits for a server that the manager is starting, and describes it with the secrets of its configuration redacted. */
export const inspect = Effect.fn("ServerInspection.inspect")(function* (name: string, config: McpServerConfig) {
  const mcp = yield* McpManager
  const redact = serverRedaction(config)
  const names = serverNameRedaction(config)
  const [took] = yield* Effect.timed(mcp.servers)
  const lists = yield* Effect.all([mcp.resources, mcp.resourceTemplates, mcp.prompts])
  const [resources, resourceTemplates, prompts] = lists.map(
    (list) => list.filter(({ server }) => server === name).length
  )
  // Read after the lists, because the status then includes problems with them.
  const status = (yield* mcp.servers).find((server) => server.name === name)
  const definitions = yield* toolsOf(name)
  const instructions = (yield* mcp.instructions ?? Effect.succeed([])).find(({ server }) => server === name)
  const inspection: Inspection = {
    ...ServerView.view(name, config),
    // The manager may be about to restart the server, but this command does not wait for that.
    state: status?.state === "ready" || status?.state === "needs-auth" ? status.state : "failed",
    millis: Math.round(Duration.toMillis(took)),
    ...(status?.problem === undefined ? {} : { problem: redact(status.problem) }),
    ...(status?.leftOut === undefined
      ? {}
      : { leftOut: status.leftOut.map(({ tool, why }) => ({ tool: names(tool), why: redact(why) })) }),
    ...(instructions === undefined ? {} : { instructions: redact(instructions.text) }),
    tokens: RequestEstimate.ofServers(definitions).reduce((sum, { tokens }) => sum + tokens, 0),
    tools: definitions.map(({ description, inputSchema, name, tool }) => ({
      name: names(name),
      tool: names(tool),
      description: redact(description),
      inputSchema: redactionInJson(redact, names)(inputSchema)
    })),
    resources: resources ?? 0,
    resourceTemplates: resourceTemplates ?? 0,
    prompts: prompts ?? 0
  }
  return inspection
})

/** A warning about hidden characters anywhere in a text, even in a part that is not shown. */
const hiddenWords = (description: string): ReadonlyArray<string> => {
  const hidden = hiddenIn(description)
  return hidden === 0
    ? []
    : [`    ! contains ${hidden} hidden characters, shown as \\u{…}; they are not sent to the model`]
}

const toolWords = ({ description, inputSchema, tool }: typeof Tool.Type): string =>
  [
    `  ${inLine(visible(tool))}`,
    ...hiddenWords(description + encodeJson(inputSchema)),
    ...(description === "" ? [] : [`    ${short(visible(description), 400)}`]),
    `    input ${short(visible(encodeJson(inputSchema)), 2000)}`
  ].join("\n")

/** An inspection as text; long descriptions and schemas are cut. */
export const words = (inspection: Inspection): string => {
  const { instructions, leftOut = [], millis, name, problem, start, state, tools } = inspection
  const counts: ReadonlyArray<readonly [number, string]> = [
    [inspection.resources, "resource"],
    [inspection.resourceTemplates, "resource template"],
    [inspection.prompts, "prompt"]
  ]
  const count = [[tools.length, "tool"] as const, ...counts.filter(([n]) => n > 0)]
    .map(([n, noun]) => `${n} ${noun}${n === 1 ? "" : "s"}`)
    .join(", ")
  return [
    `${name}: ${state === "ready" ? `ready in ${millis} ms, ${count}` : `${state === "failed" ? "failed" : "requires a login"} after ${millis} ms`}`,
    `  ${inLine(start + ServerView.settingNames(inspection))}`,
    ...(problem === undefined ? [] : [`  ! ${inLine(problem)}`]),
    ...(tools.length === 0 ? [] : [`  about ${inspection.tokens} tokens in each request`]),
    ...(instructions === undefined ? [] : [`  instructions for the model: ${short(visible(instructions), 400)}`]),
    ...tools.map(toolWords),
    ...leftOut.map(({ tool, why }) => `  left out ${inLine(tool)}: ${inLine(why)}`)
  ].join("\n")
}

/** Fails with `ServerTrouble` unless the server is ready. */
export const reached = ({ name, problem, state }: Inspection): Effect.Effect<void, ServerTrouble> =>
  state === "ready"
    ? Effect.void
    : Effect.fail(
        new ServerTrouble({
          reason: "Unreachable",
          problem: `${name} cannot be used: ${problem ?? "no reason was given"}`
        })
      )
