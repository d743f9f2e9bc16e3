import type { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote } from "../json/Json.ts"
import * as JsonFile from "../json/JsonFile.ts"
import type { Slot } from "./SlotConfig.ts"
import { fileAt, UserConfig } from "./UserConfig.ts"

/**
 * A change to the user's slots that cannot be made. Nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class SlotError extends Schema.TaggedError<SlotError>()("SlotError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/**
 * A slot to declare. Missing fields get the defaults of `Slot`.
 *
 * @since 0.1.0
 * @category models
 */
export type NewSlot = Pick<Slot, "id" | "tool"> & Partial<Slot>

const key = "dynamicContext"

/** Changes the configuration file. `changes` receives the slot's index, -1 if there is none; it is valid for this edit. */
const editing = (
  configFile: string,
  id: string,
  changes: (slots: ReadonlyArray<Slot>, at: number) => Result.Result<ReadonlyArray<JsonFile.Change>, SlotError>
): Effect.Effect<void, ConfigError | SlotError> =>
  JsonFile.update(fileAt(configFile), UserConfig, ({ dynamicContext = [] }) =>
    changes(
      dynamicContext,
      dynamicContext.findIndex((slot) => slot.id === id)
    )
  )

const missing = (configFile: string, id: string) =>
  Result.fail(new SlotError({ problem: `${configFile} declares no slot ${quote(id)}` }))

/**
 * Appends a slot. Fails with a `SlotError` if there is a slot with its id already.
 *
 * @since 0.1.0
 * @category functions
 */
export const add = Effect.fn("UserSlots.add")((configFile: string, slot: NewSlot) =>
  editing(configFile, slot.id, (slots, at) => {
    if (at >= 0)
      return Result.fail(
        new SlotError({
          problem: `${configFile} has a slot ${quote(slot.id)} already; remove it first, or choose another id`
        })
      )
    const value = { ...slot }
    return Result.succeed([slots.length === 0 ? { path: [key], value: [value] } : { path: [key, slots.length], value }])
  })
)

/**
 * Removes a slot. Fails with a `SlotError` if there is none with this id.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = Effect.fn("UserSlots.remove")((configFile: string, id: string) =>
  editing(configFile, id, (_, at) =>
    at < 0 ? missing(configFile, id) : Result.succeed([{ path: [key, at], value: undefined }])
  )
)

/**
 * Enables or disables a slot. The file is not written if the slot has that state already.
 *
 * @since 0.1.0
 * @category functions
 */
export const setEnabled = Effect.fn("UserSlots.setEnabled")((configFile: string, id: string, enabled: boolean) =>
  editing(configFile, id, (slots, at) => {
    const slot = slots[at]
    if (slot === undefined) return missing(configFile, id)
    return Result.succeed(slot.enabled === enabled ? [] : [{ path: [key, at, "enabled"], value: enabled }])
  })
)
