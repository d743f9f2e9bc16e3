import type { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote } from "./internal/Json.ts"
import * as JsonFile from "./JsonFile.ts"
import type { Slot } from "./Slots.ts"
import { fileAt, UserConfig } from "./UserConfig.ts"

/** A change to the user's slots that cannot be made. Nothing was changed. */
export class SlotError extends Schema.TaggedError<SlotError>()("SlotError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** A slot to declare: what is not stated is left to the defaults of `Slot`. */
export type NewSlot = Pick<Slot, "id" | "tool"> & Partial<Slot>

const key = "dynamicContext"

/** Changes the configuration file with the place of the slot in it, which no other edit of this process can move. */
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

/** Declares a slot after the others. One with its id must not be there. */
export const add = Effect.fn("UserSlots.add")((configFile: string, slot: NewSlot) =>
  editing(configFile, slot.id, (slots, at) => {
    if (at >= 0)
      return Result.fail(
        new SlotError({
          problem: `${configFile} has a slot ${quote(slot.id)} already; remove it first, or take another id`
        })
      )
    const value = { ...slot }
    return Result.succeed([slots.length === 0 ? { path: [key], value: [value] } : { path: [key, slots.length], value }])
  })
)

export const remove = Effect.fn("UserSlots.remove")((configFile: string, id: string) =>
  editing(configFile, id, (_, at) =>
    at < 0 ? missing(configFile, id) : Result.succeed([{ path: [key, at], value: undefined }])
  )
)

/** Switches a slot on or off. The file of one that is so already is not touched. */
export const setEnabled = Effect.fn("UserSlots.setEnabled")((configFile: string, id: string, enabled: boolean) =>
  editing(configFile, id, (slots, at) => {
    const slot = slots[at]
    if (slot === undefined) return missing(configFile, id)
    return Result.succeed(slot.enabled === enabled ? [] : [{ path: [key, at, "enabled"], value: enabled }])
  })
)
