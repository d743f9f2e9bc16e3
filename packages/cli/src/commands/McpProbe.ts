import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import { ServerRequests } from "@parley/domain/ServerRequests"
import { ToolOutput } from "@parley/domain/Tool"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as McpServers from "@parley/workspace/McpServers"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { ServerTrouble, UsageError } from "../ExitCode.ts"
import * as Host from "../internal/Host.ts"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { type ServerFlags, serverOf, strayPaths } from "../ServerFlags.ts"
import * as ServerInspection from "../ServerInspection.ts"
import { concealing, concealingNames } from "@parley/mcp/Concealing"
import * as Setup from "../Setup.ts"
import { quoted } from "../Slots.ts"
import type { Here } from "./Dynamic.ts"
import { show } from "./McpInspect.ts"

export interface Input extends Here, ServerFlags {
  readonly target: ReadonlyArray<string>
  readonly call: ReadonlyArray<string>
  /** The first is for the first call. */
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
    usage(`--input: expected an object in JSON, such as '{"path":"."}'`)
  )
const encode = Schema.encodeEffect(Schema.fromJsonString(ToolOutput))

/** How an input begins to be refused that does not fit the tool's schema, before anything is sent. */
const invalidInput = /^Invalid input for /

const words = ({ content }: ToolOutput): string => {
  const text = textOf(content)
  const media = content.flatMap((part) => (part._tag === "Text" ? [] : [`[${part.mediaType}]\n`])).join("")
  return (text === "" || text.endsWith("\n") ? text : `${text}\n`) + media
}

/** Calls one tool once. What it says goes to standard output, also when it says that it failed. */
const callOnce = Effect.fnUntraced(function* (
  tool: string,
  input: string,
  flags: Input,
  conceal: (text: string) => string
) {
  const mcp = yield* McpManager
  const output = yield* Output
  const unreachable = (problem: string) => new ServerTrouble({ reason: "Unreachable", problem: conceal(problem) })
  const tools = yield* ServerInspection.toolsOf(name)
  const found = tools.find((one) => one.tool === tool) ?? tools.find((one) => one.name === tool)
  if (found === undefined) {
    const there = tools.length === 0 ? "nor any other" : `there are ${tools.map(({ tool }) => tool).join(", ")}`
    return yield* usage(`The server has no tool ${quoted(tool)}, ${there}`)
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
  if (result.isError) return yield* new ServerTrouble({ reason: "ToolFailed", problem: `${tool} says that it failed` })
})

const loginMillis = 120_000
const advice = () => "`parley mcp probe --auth` logs in, as does `parley mcp auth` to a server that is configured"

/** A login takes longer than a start. */
const patient = (server: McpServerConfig, { auth }: Input): McpServerConfig =>
  auth ? { startTimeoutMillis: loginMillis, ...server } : server

/** Logs in with whatever plays the browser, and forgets that at the end. Without `--auth` stored logins are used. */
const loginOf = Effect.fnUntraced(function* ({ auth }: Input) {
  if (!auth) return { advice }
  const McpAuth = yield* Effect.promise(() => import("@parley/mcp/McpAuth"))
  const output = yield* Output
  return { advice, store: McpAuth.inMemory(), person: McpAuth.browser({ env: Host.env, say: output.note }) }
})

/** Nobody is asked: an empty answer is filled in with the form's defaults. An address is never opened. */
const defaults: ServerRequests = {
  elicit: ({ _tag }) => Effect.succeed(_tag === "Form" ? { _tag: "Accept", content: {} } : { _tag: "Decline" })
}

/** Connects to a server that need not be configured, by the same code as to one that is. Nothing is stored. */
export const probe = Effect.fn("parley mcp probe")(function* (flags: Input) {
  const { call, exercise, input, target, workspace } = flags
  if (input.length > call.length) return yield* usage("--input is for a tool that --call names, one for each")
  if (exercise && call.length > 0) return yield* usage("--exercise calls all tools; --call is for one")
  // Before the first call: what it did would stay done.
  yield* Effect.forEach(input, inputOf, { discard: true })
  const [first = ""] = target
  const description = yield* target.length === 1 && first.includes("://")
    ? serverOf({ url: first }, flags)
    : serverOf({ words: target }, flags)
  const checked = McpServers.check(name, description)
  const server = yield* Effect.mapError(Effect.fromResult(checked), usage)
  const setup = yield* Setup.load({ workspace })
  const output = yield* Output
  for (const note of "url" in server ? [] : strayPaths(target, flags)) yield* output.note(`parley: ${note}`)
  const conceal = concealing(server)
  const connected = Live.tools(
    setup,
    { [name]: patient(server, flags) },
    { auth: yield* loginOf(flags), pins: "none", keepUnseen: true, literal: [] }
  ).pipe(Layer.provide(Layer.succeed(ServerRequests, flags.answer === "defaults" ? defaults : {})))
  const use = exercise
    ? Effect.flatMap(
        Effect.promise(() => import("./McpExercise.ts")),
        (command) => command.exercise(name, flags.format, conceal, concealingNames(server))
      )
    : Effect.forEach(call, (tool, i) => callOnce(tool, input[i] ?? "{}", flags, conceal))
  yield* (
    exercise || call.length > 0
      ? Effect.andThen(ServerInspection.usable(name, conceal), use)
      : show(name, server, flags.format)
  ).pipe(Effect.provide(connected))
})
