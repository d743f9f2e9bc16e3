import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { ConfigError } from "./Errors.ts"

/** A tool call that the user declared as part of every round's context. */
export const DynamicSlot = Schema.Struct({
  id: Schema.NonEmptyString,
  /** The tool's qualified name, as `parley tools` lists it. */
  tool: Schema.NonEmptyString,
  input: Schema.Record(Schema.String, Schema.Json),
  timeoutMillis: Schema.Int.check(Schema.isGreaterThan(0)),
  /**
   * A failing slot becomes a note in the context, vanishes, or fails the round. `stale` keeps what it last resolved to, or
   * becomes a note if it never did.
   */
  onFailure: Schema.Literals(["note", "drop", "fail", "stale"]),
  /**
   * When its tool is called again: for every round, which is the default; when a file of the context or the slot itself has
   * changed; when its value is so many seconds old; or only when a message asks for it. Until then its last value counts.
   */
  refresh: Schema.optionalKey(
    Schema.Union([
      Schema.Literals(["round", "change", "demand"]),
      Schema.Struct({ seconds: Schema.Int.check(Schema.isGreaterThan(0)) })
    ])
  ),
  /** How much of its text is shown, in tokens (a quarter of the bytes): the beginning and the end of what is longer. 4096 when absent. */
  maxTokens: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
})
export type DynamicSlot = typeof DynamicSlot.Type

/** What the user wants resolved when context is built. Optional: without a layer there is nothing. */
export interface DynamicContextManager {
  /** The enabled slots, in the order they are rendered. */
  readonly slots: Effect.Effect<ReadonlyArray<DynamicSlot>, ConfigError>
}
export const DynamicContextManager = Context.Reference<DynamicContextManager>("@parley/domain/DynamicContextManager", {
  defaultValue: () => ({ slots: Effect.succeed([]) })
})

export const layerMemory = (slots: ReadonlyArray<DynamicSlot>): Layer.Layer<never> =>
  Layer.succeed(DynamicContextManager, { slots: Effect.succeed(slots) })
