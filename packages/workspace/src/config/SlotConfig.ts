import { DynamicSlot } from "@parley/domain/DynamicContextManager"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * Milliseconds.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxTimeout = 600_000

/**
 * Ids with another meaning: `*` means all slots, and `__proto__` cannot be a key of an object.
 *
 * @since 0.1.0
 * @category constants
 */
export const reservedIds: ReadonlySet<string> = new Set(["*", "__proto__"])
const id = Schema.NonEmptyString.check(
  Schema.makeFilter((id: string) => !reservedIds.has(id), { expected: 'an id other than "*" and "__proto__"' })
)

const positive = Schema.Int.check(Schema.isGreaterThan(0, { expected: "a whole number above 0" }))
const Refresh = Schema.Union([Schema.Literals(["round", "change", "demand"]), Schema.Struct({ seconds: positive })])

/**
 * A slot as it is written in a file: a `DynamicSlot` with defaults, and whether it is enabled.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Slot = Schema.Struct({
  id,
  tool: Schema.NonEmptyString,
  input: DynamicSlot.fields.input.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Default: ten seconds. Maximum: ten minutes. */
  timeoutMillis: Schema.Int.check(
    Schema.isBetween({ minimum: 1, maximum: maxTimeout }, { expected: `milliseconds, 1 to ${maxTimeout}` })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(10_000))),
  onFailure: DynamicSlot.fields.onFailure.pipe(Schema.withDecodingDefaultKey(Effect.succeed("note" as const))),
  /** Default: in every round. */
  refresh: Schema.optionalKey(
    Refresh.annotate({ expected: '"round", "change", "demand" or { "seconds": a whole number above 0 }' })
  ),
  maxTokens: Schema.optionalKey(positive),
  enabled: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(true)))
})
export type Slot = typeof Slot.Type

/**
 * Slots with different ids.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Slots = Schema.Array(Slot).check(
  Schema.makeFilter((slots) =>
    slots.flatMap((slot, i) =>
      slots.findIndex(({ id }) => id === slot.id) < i
        ? [{ path: [i, "id"], issue: "an id that no other slot has" }]
        : []
    )
  )
)
