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
  /** A failing slot becomes a note in the context, vanishes, or fails the round. */
  onFailure: Schema.Literals(["note", "drop", "fail"])
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
