import type { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as JsonFile from "../json/JsonFile.ts"
import type { UserLocations } from "./Locations.ts"

const Key = Schema.RedactedFromValue(Schema.String, { label: "key" })

/** Where the key of a provider is: in the file itself, or in the keychain of the system under the provider's name. */
const Stored = Schema.Union([Schema.Struct({ key: Key }), Schema.Struct({ keychain: Schema.Literal(true) })])
/**
 * Where the key of a provider is.
 *
 * @since 0.1.0
 * @category models
 */
export type Stored = typeof Stored.Type

const Keys = Schema.Record(Schema.String, Stored)

/**
 * The stored keys by the name of their provider.
 *
 * @since 0.1.0
 * @category models
 */
export type StoredKeys = ReadonlyMap<string, Stored>

// Only this user may read it: it is refused if another user could have written it, and created with mode 0600.
const fileAt = ({ keysFile }: Pick<UserLocations, "keysFile">): JsonFile.File => ({ path: keysFile, ours: "linked" })

/**
 * Reads the keys. A missing file has none.
 *
 * @since 0.1.0
 * @category functions
 */
export const load = Effect.fn("StoredKeys.load")(function* (
  user: Pick<UserLocations, "keysFile">
): Effect.fn.Return<StoredKeys, ConfigError> {
  const document = yield* JsonFile.read(fileAt(user), Keys)
  return new Map(Option.isNone(document) ? [] : Object.entries(document.value.value))
})

/**
 * Stores the key of a provider, or that it is in the keychain.
 *
 * @since 0.1.0
 * @category functions
 */
export const put = (user: Pick<UserLocations, "keysFile">, provider: string, stored: Stored) =>
  JsonFile.edit(fileAt(user), Keys, [
    { path: [provider], value: "key" in stored ? { key: Redacted.value(stored.key) } : { keychain: true } }
  ])

/**
 * Removes what is stored for a provider.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = (user: Pick<UserLocations, "keysFile">, provider: string) =>
  JsonFile.edit(fileAt(user), Keys, [{ path: [provider], value: undefined }])
