import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as RequestSize from "@parley/session/RequestSize"
import { concealing, concealingJson, concealingNames } from "@parley/mcp/Concealing"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ServerTrouble } from "./ExitCode.ts"
import { inLine, short } from "./Render.ts"
import * as ServerView from "./ServerView.ts"
import { hiddenIn, visible } from "./Visible.ts"

const Tool = Schema.Struct({
  /** What a model calls it. */
  name: Schema.String,
  /** What the server calls it. */
  tool: Schema.String,
  description: Schema.String,
  inputSchema: Schema.Json
})

/** What came of connecting to one server. */
const Inspection = Schema.Struct({
  ...ServerView.View.fields,
  state: Schema.Literals(["ready", "needs-auth", "failed"]),
  /** How long it took until its tools were known, or it had failed. */
  millis: Schema.Int,
  /** Why it failed, or what was left out of its tools. */
  problem: Schema.optionalKey(Schema.String),
  /** What it says to the model of how its tools are to be used. */
  instructions: Schema.optionalKey(Schema.String),
  tools: Schema.Array(Tool),
  /** About what they take of each request. */
  tokens: Schema.Int,
  /** How many it offers beside. */
  resources: Schema.Int,
  resourceTemplates: Schema.Int,
  prompts: Schema.Int,
  /** Every tool that it offers and a model is not shown. */
  leftOut: Schema.Struct({ tool: Schema.String, why: Schema.String }).pipe(Schema.Array, Schema.optionalKey)
})
type Inspection = typeof Inspection.Type

const encodeJson = Schema.encodeSync(Schema.fromJsonString(Schema.Json))
export const encode = Schema.encodeEffect(Schema.fromJsonString(Inspection))

/** The tools of one server among all that the manager has: the built-in ones are none of its own. */
export const toolsOf = (name: string): Effect.Effect<ReadonlyArray<ToolDefinition>, never, McpManager> =>
  Effect.gen(function* () {
    const mcp = yield* McpManager
    return (yield* mcp.tools).filter(({ server }) => server === name)
  })

/** Waits for a server as `inspect` does, and fails when it is not ready. */
export const usable = Effect.fnUntraced(function* (name: string, conceal: (text: string) => string) {
  const mcp = yield* McpManager
  const status = (yield* mcp.servers).find((server) => server.name === name)
  if (status?.state === "ready") return
  const problem = conceal(`The server cannot be used: ${status?.problem ?? "it is not there"}`)
  return yield* new ServerTrouble({ reason: "Unreachable", problem })
})

/** Waits for a server that the manager has just begun to start. Nothing that is shown holds a secret of its configuration. */
export const inspect = Effect.fn("ServerInspection.inspect")(function* (name: string, config: McpServerConfig) {
  const mcp = yield* McpManager
  const conceal = concealing(config)
  const names = concealingNames(config)
  const [took] = yield* Effect.timed(mcp.servers)
  const lists = yield* Effect.all([mcp.resources, mcp.resourceTemplates, mcp.prompts])
  const [resources, resourceTemplates, prompts] = lists.map(
    (list) => list.filter(({ server }) => server === name).length
  )
  // What is wrong with those lists is known once they are.
  const status = (yield* mcp.servers).find((server) => server.name === name)
  const definitions = yield* toolsOf(name)
  const said = (yield* mcp.instructions ?? Effect.succeed([])).find(({ server }) => server === name)
  const inspection: Inspection = {
    ...ServerView.view(name, config),
    // A server may be about to be tried again, but nobody here stays to see that.
    state: status?.state === "ready" || status?.state === "needs-auth" ? status.state : "failed",
    millis: Math.round(Duration.toMillis(took)),
    ...(status?.problem === undefined ? {} : { problem: conceal(status.problem) }),
    ...(status?.leftOut === undefined
      ? {}
      : { leftOut: status.leftOut.map(({ tool, why }) => ({ tool: names(tool), why: conceal(why) })) }),
    ...(said === undefined ? {} : { instructions: conceal(said.text) }),
    tokens: RequestSize.ofServers(definitions).reduce((sum, { tokens }) => sum + tokens, 0),
    tools: definitions.map(({ description, inputSchema, name, tool }) => ({
      name: names(name),
      tool: names(tool),
      description: conceal(description),
      inputSchema: concealingJson(conceal, names)(inputSchema)
    })),
    resources: resources ?? 0,
    resourceTemplates: resourceTemplates ?? 0,
    prompts: prompts ?? 0
  }
  return inspection
})

/** That there is something which the model is not sent, wherever in a long text it stands. */
const hiddenWords = (description: string): ReadonlyArray<string> => {
  const hidden = hiddenIn(description)
  return hidden === 0 ? [] : [`    ! hides ${hidden} characters, shown as \\u{…}; the model is not sent them`]
}

const toolWords = ({ description, inputSchema, tool }: typeof Tool.Type): string =>
  [
    `  ${inLine(visible(tool))}`,
    ...hiddenWords(description + encodeJson(inputSchema)),
    ...(description === "" ? [] : [`    ${short(visible(description), 400)}`]),
    `    input ${short(visible(encodeJson(inputSchema)), 2000)}`
  ].join("\n")

/** For people: long descriptions and schemas are cut. */
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
    `${name}: ${state === "ready" ? `ready in ${millis} ms, ${count}` : `${state === "failed" ? "failed" : "wants a login"} after ${millis} ms`}`,
    `  ${inLine(start + ServerView.beside(inspection))}`,
    ...(problem === undefined ? [] : [`  ! ${inLine(problem)}`]),
    ...(tools.length === 0 ? [] : [`  about ${inspection.tokens} tokens in each request`]),
    ...(instructions === undefined ? [] : [`  says to the model: ${short(visible(instructions), 400)}`]),
    ...tools.map(toolWords),
    ...leftOut.map(({ tool, why }) => `  left out ${inLine(tool)}: ${inLine(why)}`)
  ].join("\n")
}

/** Fails when the server did. */
export const reached = ({ name, problem, state }: Inspection): Effect.Effect<void, ServerTrouble> =>
  state === "ready"
    ? Effect.void
    : Effect.fail(
        new ServerTrouble({
          reason: "Unreachable",
          problem: `${name} cannot be used: ${problem ?? "it does not say why"}`
        })
      )
