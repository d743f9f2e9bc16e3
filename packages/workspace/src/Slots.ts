import { DynamicSlot } from "@parley/domain/DynamicContextManager"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const maxTimeout = 600_000

/** A slot as it is written in a file: what the domain knows, with defaults, and a switch. */
export const Slot = Schema.Struct({
  id: Schema.NonEmptyString,
  tool: Schema.NonEmptyString,
  input: DynamicSlot.fields.input.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Ten seconds when not stated; ten minutes at most. */
  timeoutMillis: Schema.Int.check(
    Schema.isBetween({ minimum: 1, maximum: maxTimeout }, { expected: `milliseconds, 1 to ${maxTimeout}` })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(10_000))),
  onFailure: DynamicSlot.fields.onFailure.pipe(Schema.withDecodingDefaultKey(Effect.succeed("note" as const))),
  enabled: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(true)))
})
export type Slot = typeof Slot.Type

/** Slots with different ids. */
export const Slots = Schema.Array(Slot).check(
  Schema.makeFilter((slots) =>
    slots.flatMap((slot, i) =>
      slots.findIndex(({ id }) => id === slot.id) < i
        ? [{ path: [i, "id"], issue: "an id that no other slot has" }]
        : []
    )
  )
)
