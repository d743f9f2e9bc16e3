import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
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
  state: Schema.Literals(["ready", "failed"]),
  /** How long it took until its tools were known, or it had failed. */
  millis: Schema.Int,
  /** Why it failed, or what was left out of its tools. */
  problem: Schema.optionalKey(Schema.String),
  tools: Schema.Array(Tool)
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

/** Waits for a server that the manager has just begun to start. Nothing that is shown holds a secret of its configuration. */
export const inspect = Effect.fn("ServerInspection.inspect")(function* (name: string, config: McpServerConfig) {
  const mcp = yield* McpManager
  const conceal = ServerView.concealing(config)
  const [took, servers] = yield* Effect.timed(mcp.servers)
  const status = servers.find((server) => server.name === name)
  const inspection: Inspection = {
    ...ServerView.view(name, config),
    // A server may be about to be tried again, but nobody here stays to see that.
    state: status?.state === "ready" ? "ready" : "failed",
    millis: Math.round(Duration.toMillis(took)),
    ...(status?.problem === undefined ? {} : { problem: conceal(status.problem) }),
    tools: (yield* toolsOf(name)).map(({ description, inputSchema, name, tool }) => ({
      name: conceal(name),
      tool: conceal(tool),
      description: conceal(description),
      inputSchema: ServerView.concealingJson(conceal)(inputSchema)
    }))
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
  const { millis, name, problem, start, state, tools } = inspection
  const count = `${tools.length} tool${tools.length === 1 ? "" : "s"}`
  return [
    `${name}: ${state === "ready" ? `ready in ${millis} ms, ${count}` : `failed after ${millis} ms`}`,
    `  ${inLine(start + ServerView.beside(inspection))}`,
    ...(problem === undefined ? [] : [`  ! ${inLine(problem)}`]),
    ...tools.map(toolWords)
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
