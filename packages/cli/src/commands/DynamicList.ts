import type { Declared } from "@parley/workspace/DynamicContext"
import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import { defaultTokens } from "@parley/session/SlotValue"
import * as Slot from "@parley/workspace/SlotConfig"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Output } from "../output/Output.ts"
import { inLine, short } from "../output/Render.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as Slots from "@parley/app/SlotOptions"
import type { Here } from "./DynamicCommand.ts"

const Listed = Schema.Struct({
  ...Slot.Slot.fields,
  source: Schema.Literals(["user", "project"]),
  /** Why the declared slot has no effect. */
  ignored: Schema.optionalKey(Schema.String)
})
const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Struct({ slots: Schema.Array(Listed) })))
const encodeInput = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

const asked = ({ id, refresh = "round" }: Pick<DynamicSlot, "id" | "refresh">): string => {
  if (typeof refresh === "object") return `resolved when its value is older than ${refresh.seconds} s`
  if (refresh === "round") return "resolved for every message"
  if (refresh === "change") return "resolved when a file of the context changes"
  return `resolved with \`parley run --refresh ${id}\``
}
const failing: { readonly [F in DynamicSlot["onFailure"]]: string } = {
  note: "on failure, the model is told",
  drop: "on failure, it is left out",
  fail: "on failure, the message fails",
  stale: "on failure, it keeps its last value"
}

const words = ({ ignored, slot, source }: Declared, file: string): string => {
  const state = ignored === undefined ? (slot.enabled ? "on" : "off") : "ignored"
  const call = `${slot.tool} ${short(encodeInput(slot.input), 100)}`
  const policy = `${asked(slot)}; ${failing[slot.onFailure]}; ${slot.timeoutMillis} ms; ${slot.maxTokens ?? defaultTokens} tokens`
  return [
    `${inLine(slot.id)}: ${state}, ${source === "user" ? "yours" : "the project's"} (${file})`,
    `  ${inLine(call)}`,
    ignored === undefined ? `  ${inLine(policy)}` : `  ! ${ignored}`
  ].join("\n")
}

/** Lists the declared slots: whether each has an effect, and when it is resolved. */
export const list = Effect.fn("parley dynamic list")(function* (flags: Here & { readonly format: "text" | "json" }) {
  const setup = yield* SetupFlags.load(flags)
  const output = yield* Output
  const all = yield* Slots.declared(setup)
  if (flags.format === "json") {
    const slots = all.map(({ ignored, slot, source }) => ({
      ...slot,
      source,
      ...(ignored === undefined ? {} : { ignored })
    }))
    return yield* output.line(yield* Effect.orDie(encode({ slots })))
  }
  if (all.length === 0)
    return yield* output.note(
      "No dynamic context is declared; to call a tool for each message: parley dynamic add ID TOOL"
    )
  for (const one of all) {
    const file = one.source === "user" ? setup.user.configFile : setup.workspace.dynamicFile
    yield* output.text(`${words(one, file)}\n`)
  }
})
