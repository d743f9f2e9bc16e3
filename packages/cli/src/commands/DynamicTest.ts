import { ContextUnresolved } from "@parley/domain/Errors"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import * as SlotTrial from "@parley/session/SlotTrial"
import { toSlot } from "@parley/workspace/DynamicContext"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "@parley/app/UsageError"
import * as Engine from "@parley/app/Engine"
import { Output } from "../output/Output.ts"
import { inLine, short } from "../output/Render.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as Slots from "@parley/app/SlotOptions"
import type { Here } from "./DynamicCommand.ts"

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

/** What the user can do about a slot that failed. */
const advice = (
  { millis, outcome, slot }: SlotTrial.Trial,
  tools: ReadonlySet<string>,
  servers: ReadonlyArray<ServerStatus>
): string | undefined => {
  if (outcome._tag === "Succeeded") return undefined
  if (!tools.has(slot.tool)) {
    const server = servers.find(({ name, state }) => state !== "ready" && slot.tool.startsWith(`${name}__`))
    return server === undefined
      ? "`parley tools` lists the available tools"
      : `the server ${server.name} is not ready: ${server.problem ?? "no reason was given"}`
  }
  if (outcome._tag === "Unknown" && millis >= slot.timeoutMillis)
    return `the limit is ${slot.timeoutMillis} ms; raise timeoutMillis where the slot is declared`
  return "check the input where the slot is declared; `parley tools --format json` shows the tool's description"
}

/** The slots to run: the named one, enabled or not, or all that are enabled. Ignored slots are never run. */
const chosen = Effect.fnUntraced(function* (setup: SetupFlags.Setup, id: Option.Option<string>) {
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

/** Resolves slots now and shows what the model would receive. Fails with `ContextUnresolved` where a round would. */
export const test = Effect.fn("parley dynamic test")(function* (input: Input) {
  const setup = yield* SetupFlags.load(input)
  const output = yield* Output
  const slots = yield* chosen(setup, input.id)
  if (slots.length === 0 && input.format === "text")
    return yield* output.note("No slot of dynamic context is enabled; `parley dynamic list` lists all slots")
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
  }).pipe(Effect.provide(Engine.tools(setup)))
})
