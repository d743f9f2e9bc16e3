import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import { ServerRequests } from "@parley/domain/ServerRequests"
import { ToolOutput } from "@parley/domain/Tool"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as ServerConfigs from "@parley/workspace/ServerConfigs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { ServerTrouble } from "@parley/app/ServerTrouble"
import { UsageError } from "@parley/app/UsageError"
import * as ProcessInfo from "../../process/ProcessInfo.ts"
import * as Engine from "@parley/app/Engine"
import { Output } from "../../output/Output.ts"
import { type ServerFlags, serverOf, strayPaths } from "./ServerFlags.ts"
import * as ServerInspection from "./ServerInspection.ts"
import { serverRedaction, serverNameRedaction } from "@parley/mcp/ServerSecrets"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import { quoted } from "@parley/app/SlotOptions"
import type { Here } from "../DynamicCommand.ts"
import { show } from "./McpInspect.ts"

export interface Input extends Here, ServerFlags {
  readonly target: ReadonlyArray<string>
  readonly call: ReadonlyArray<string>
  /** JSON objects; the first is the input of the first call. */
  readonly input: ReadonlyArray<string>
  readonly exercise: boolean
  readonly auth: boolean
  readonly answer: "decline" | "defaults"
  readonly format: "text" | "json"
}

const name = "probe"
const usage = (problem: string) => new UsageError({ problem })

const ToolInput = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const inputOf = (text: string) =>
  Effect.mapError(Schema.decodeEffect(ToolInput)(text), () =>
    usage(`--input: expected a JSON object, such as '{"path":"."}'`)
  )
const encode = Schema.encodeEffect(Schema.fromJsonString(ToolOutput))

/** How the problem begins when an input does not match the tool's schema. Such a call is not sent. */
const invalidInput = /^Invalid input for /

const words = ({ content }: ToolOutput): string => {
  const text = textOf(content)
  const media = content.flatMap((part) => (part._tag === "Text" ? [] : [`[${part.mediaType}]\n`])).join("")
  return (text === "" || text.endsWith("\n") ? text : `${text}\n`) + media
}

/** Calls one tool once. Its result goes to standard output, even if the tool reports a failure. */
const callOnce = Effect.fnUntraced(function* (
  tool: string,
  input: string,
  flags: Input,
  redact: (text: string) => string
) {
  const mcp = yield* McpManager
  const output = yield* Output
  const unreachable = (problem: string) => new ServerTrouble({ reason: "Unreachable", problem: redact(problem) })
  const tools = yield* ServerInspection.toolsOf(name)
  const found = tools.find((one) => one.tool === tool) ?? tools.find((one) => one.name === tool)
  if (found === undefined) {
    const there = tools.length === 0 ? "it has no tools" : `its tools are ${tools.map(({ tool }) => tool).join(", ")}`
    return yield* usage(`The server has no tool ${quoted(tool)}; ${there}`)
  }
  const idempotencyKey = `probe/${yield* Clock.currentTimeMillis}/${yield* Random.nextInt}`
  const result = yield* mcp
    .call(found.name, yield* inputOf(input), { idempotencyKey })
    .pipe(
      Effect.catchTag("ToolError", ({ problem }) =>
        Effect.fail(invalidInput.test(problem) ? usage(`--input: ${problem}`) : unreachable(problem))
      )
    )
  if (flags.format === "json") yield* output.line(yield* Effect.orDie(encode(result)))
  else yield* output.text(words(result))
  if (result.isError) return yield* new ServerTrouble({ reason: "ToolFailed", problem: `${tool} reported a failure` })
})

const loginMillis = 120_000
const advice = () => "to log in, use `parley mcp probe --auth`, or `parley mcp auth` for a configured server"

/** Extends the start timeout for a login, which takes longer than a start. */
const patient = (server: McpServerConfig, { auth }: Input): McpServerConfig =>
  auth ? { startTimeoutMillis: loginMillis, ...server } : server

/** With `--auth`, logs in with the browser and keeps the login in memory only. Without it, stored logins are used. */
const loginOf = Effect.fnUntraced(function* ({ auth }: Input) {
  if (!auth) return { advice }
  const McpAuth = yield* Effect.promise(() => import("@parley/mcp/LoginOptions"))
  const output = yield* Output
  return { advice, store: McpAuth.inMemory(), person: McpAuth.browser({ env: ProcessInfo.env, say: output.note }) }
})

/** Answers without a person: an empty answer to a form is completed with its defaults. A URL is never opened. */
const defaults: ServerRequests = {
  elicit: ({ _tag }) => Effect.succeed(_tag === "Form" ? { _tag: "Accept", content: {} } : { _tag: "Decline" })
}

/** Connects to a server that need not be configured, with the same code as for configured ones. Nothing is stored. */
export const probe = Effect.fn("parley mcp probe")(function* (flags: Input) {
  const { call, exercise, input, target, workspace } = flags
  if (input.length > call.length)
    return yield* usage("--input sets the input of a call; give a --call TOOL for each --input")
  if (exercise && call.length > 0) return yield* usage("--exercise calls all tools; do not combine it with --call")
  // Checked before the first call, whose effects could not be undone.
  yield* Effect.forEach(input, inputOf, { discard: true })
  const [first = ""] = target
  const description = yield* target.length === 1 && first.includes("://")
    ? serverOf({ url: first }, flags)
    : serverOf({ words: target }, flags)
  const checked = ServerConfigs.check(name, description)
  const server = yield* Effect.mapError(Effect.fromResult(checked), usage)
  const setup = yield* SetupFlags.load({ workspace })
  const output = yield* Output
  for (const note of "url" in server ? [] : strayPaths(target, flags)) yield* output.note(`parley: ${note}`)
  const redact = serverRedaction(server)
  const connected = Engine.tools(
    setup,
    { [name]: patient(server, flags) },
    { auth: yield* loginOf(flags), pins: "none", keepUnseen: true, literal: [] }
  ).pipe(Layer.provide(Layer.succeed(ServerRequests, flags.answer === "defaults" ? defaults : {})))
  const use = exercise
    ? Effect.flatMap(
        Effect.promise(() => import("./McpExercise.ts")),
        (command) => command.exercise(name, flags.format, redact, serverNameRedaction(server))
      )
    : Effect.forEach(call, (tool, i) => callOnce(tool, input[i] ?? "{}", flags, redact))
  yield* (
    exercise || call.length > 0
      ? Effect.andThen(ServerInspection.usable(name, redact), use)
      : show(name, server, flags.format)
  ).pipe(Effect.provide(connected))
})
