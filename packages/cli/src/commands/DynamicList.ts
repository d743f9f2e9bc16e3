import type { Declared } from "@parley/workspace/DynamicContext"
import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import { defaultTokens } from "@parley/session/SlotValue"
import * as Slot from "@parley/workspace/Slots"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Output } from "../Output.ts"
import { inLine, short } from "../Render.ts"
import * as Setup from "../Setup.ts"
import * as Slots from "../Slots.ts"
import type { Here } from "./Dynamic.ts"

const Listed = Schema.Struct({
  ...Slot.Slot.fields,
  source: Schema.Literals(["user", "project"]),
  /** Why it has no effect though it is declared. */
  ignored: Schema.optionalKey(Schema.String)
})
const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Struct({ slots: Schema.Array(Listed) })))
const encodeInput = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

const asked = ({ id, refresh = "round" }: Pick<DynamicSlot, "id" | "refresh">): string => {
  if (typeof refresh === "object") return `asked when its value is ${refresh.seconds} s old`
  if (refresh === "round") return "asked for every message"
  if (refresh === "change") return "asked when a file of the context changes"
  return `asked with \`--refresh ${id}\``
}
const failing: { readonly [F in DynamicSlot["onFailure"]]: string } = {
  note: "a failure is noted",
  drop: "left out when it fails",
  fail: "the message fails with it",
  stale: "keeps its last value when it fails"
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

/** What is declared, whether it counts, and when it is asked. */
export const list = Effect.fn("parley dynamic list")(function* (flags: Here & { readonly format: "text" | "json" }) {
  const setup = yield* Setup.load(flags)
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
      "No dynamic context; `parley dynamic add ID TOOL` declares a tool to call for each message"
    )
  for (const one of all) {
    const file = one.source === "user" ? setup.user.configFile : setup.workspace.dynamicFile
    yield* output.text(`${words(one, file)}\n`)
  }
})
