import { ContextUnresolved } from "@parley/domain/Errors"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import * as SlotTrial from "@parley/session/SlotTrial"
import { toSlot } from "@parley/workspace/DynamicContext"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "../ExitCode.ts"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { inLine, short } from "../Render.ts"
import * as Setup from "../Setup.ts"
import * as Slots from "../Slots.ts"
import type { Here } from "./Dynamic.ts"

export interface Input extends Here {
  readonly id: Option.Option<string>
  readonly format: "text" | "json"
}

const encode = Schema.encodeEffect(
  Schema.fromJsonString(
    Schema.Struct({
      slots: Schema.Array(
        Schema.Struct({
          id: Schema.String,
          tool: Schema.String,
          state: Schema.String,
          why: Schema.String,
          advice: Schema.optionalKey(Schema.String),
          millis: Schema.Finite,
          tokens: Schema.Int,
          text: Schema.String,
          media: Schema.Array(Schema.String)
        })
      )
    })
  )
)

/** What a person can do about a slot that failed. */
const advice = (
  { millis, outcome, slot }: SlotTrial.Trial,
  tools: ReadonlySet<string>,
  servers: ReadonlyArray<ServerStatus>
): string | undefined => {
  if (outcome._tag === "Succeeded") return undefined
  if (!tools.has(slot.tool)) {
    const server = servers.find(({ name, state }) => state !== "ready" && slot.tool.startsWith(`${name}__`))
    return server === undefined
      ? "`parley tools` lists the tools that there are"
      : `its server does not work: ${server.problem ?? "it does not say why"}`
  }
  if (outcome._tag === "Unknown" && millis >= slot.timeoutMillis)
    return `it may take ${slot.timeoutMillis} ms: raise timeoutMillis where the slot is declared`
  return "check its input where the slot is declared; the tool's description is in `parley tools --format json`"
}

/** What is to be run: the slot that is named, on or off, or all that are on. What a project may not call is never run. */
const chosen = Effect.fnUntraced(function* (setup: Setup.Setup, id: Option.Option<string>) {
  const all = yield* Slots.declared(setup)
  if (Option.isNone(id))
    return all.flatMap(({ ignored, slot }) => (slot.enabled && ignored === undefined ? [toSlot(slot)] : []))
  const found = all.find(({ slot }) => slot.id === id.value)
  if (found === undefined) return yield* Slots.unknown(id.value, all)
  if (found.ignored !== undefined)
    return yield* new UsageError({ problem: `The slot ${Slots.quoted(id.value)} is ignored: ${found.ignored}` })
  return [toSlot(found.slot)]
})

const indented = (text: string): string => text.replace(/^/gm, "  | ")

const words = (trial: SlotTrial.Trial, todo: string | undefined): string => {
  const { media, millis, slot, state, text, tokens, why } = trial
  const size = state === "required" || state === "dropped" ? "" : `, ${tokens} tokens (estimate)`
  return [
    `${inLine(slot.id)}: ${state}, ${Math.round(millis)} ms${size}`,
    ...(why === "resolved" ? [] : [`  ! ${short(why, 400)}`]),
    ...(todo === undefined ? [] : [`  ! ${short(todo, 400)}`]),
    ...(text === "" ? [] : [indented(text)]),
    ...media.map((type) => `  | [${inLine(type)}]`)
  ].join("\n")
}

/** Runs slots now and shows what the model would be given. Fails where a round would. */
export const test = Effect.fn("parley dynamic test")(function* (input: Input) {
  const setup = yield* Setup.load(input)
  const output = yield* Output
  const slots = yield* chosen(setup, input.id)
  if (slots.length === 0 && input.format === "text") return yield* output.note("No slot of dynamic context is on")
  yield* Effect.gen(function* () {
    const mcp = yield* McpManager
    const trials = slots.length === 0 ? [] : yield* SlotTrial.run(slots)
    const tools = slots.length === 0 ? [] : yield* mcp.tools
    const servers = slots.length === 0 ? [] : yield* mcp.servers
    const names = new Set(tools.map(({ name }) => name))
    const results = trials.map((trial) => ({ trial, todo: advice(trial, names, servers) }))
    if (input.format === "json") {
      const slots = results.map(({ todo, trial: { slot, media, millis, state, text, tokens, why } }) => ({
        id: slot.id,
        tool: slot.tool,
        state,
        why,
        ...(todo === undefined ? {} : { advice: todo }),
        millis,
        tokens,
        text,
        media
      }))
      yield* output.line(yield* Effect.orDie(encode({ slots })))
    } else for (const { todo, trial } of results) yield* output.text(`${words(trial, todo)}\n`)
    const required = trials.find(({ state }) => state === "required")
    if (required !== undefined)
      return yield* new ContextUnresolved({ slot: required.slot.id, problem: short(required.why, 400) })
  }).pipe(Effect.provide(Live.tools(setup)))
})
