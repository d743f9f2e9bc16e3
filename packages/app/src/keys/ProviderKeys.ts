import type { ConfigError } from "@parley/domain/Errors"
import type { KeySource, KeySources } from "@parley/provider/Providers"
import type { UserLocations } from "@parley/workspace/Locations"
import * as StoredKeys from "@parley/workspace/StoredKeys"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as KeyCommand from "./KeyCommand.ts"
import * as Keychain from "./Keychain.ts"

const missing = (provider: string) =>
  new TypeError(
    `the key of ${provider} is not in the keychain any more; \`parley auth login ${provider}\` stores it again`
  )

const unusable = new TypeError(
  "the keychain cannot be used here: unlock it, or install the optional package @napi-rs/keyring; `parley auth login` with --file stores a key in a file"
)

const inKeychain = (provider: string, load: () => Promise<Keychain.Keychain | undefined>): KeySource => ({
  get: () =>
    load()
      .then((keychain) => (keychain === undefined ? Promise.reject(unusable) : keychain.get(provider)))
      // What a keychain reports, such as "AccessDenied", says nothing about what to do.
      .catch(() => Promise.reject(unusable))
      .then((key) => key ?? Promise.reject(missing(provider))),
  forget: () => {}
})

const inFile = (key: Redacted.Redacted): KeySource => ({
  get: () => Promise.resolve(Redacted.value(key)),
  forget: () => {}
})

/**
 * The keys that the user has stored, and programs that print keys. Reads one small file; everything else when needed.
 *
 * @since 0.1.0
 * @category functions
 */
export const load = Effect.fn("ProviderKeys.load")(function* (
  user: UserLocations
): Effect.fn.Return<KeySources, ConfigError> {
  const all = yield* StoredKeys.load(user)
  const loading = yield* Keychain.Loading
  return {
    ofCommand: KeyCommand.make,
    stored: (provider) => {
      const found = all.get(provider)
      if (found === undefined) return undefined
      return "key" in found ? inFile(found.key) : inKeychain(provider, loading)
    }
  }
})

/**
 * Where a key was stored.
 *
 * @since 0.1.0
 * @category models
 */
export type Place = "keychain" | "file"

/** Runs one operation on the keychain. False if there is no keychain, or it refuses. */
const onKeychain = (use: (keychain: Keychain.Keychain) => void): Effect.Effect<boolean> =>
  Effect.flatMap(Keychain.Loading, (load) =>
    Effect.tryPromise(() =>
      load().then((keychain) => {
        if (keychain === undefined) return false
        use(keychain)
        return true
      })
    )
  ).pipe(Effect.orElseSucceed(() => false))

/**
 * Stores a key in the keychain, or in a file that only this user can read if there is none or the file is wanted.
 *
 * @since 0.1.0
 * @category functions
 */
export const store = Effect.fn("ProviderKeys.store")(function* (
  user: UserLocations,
  provider: string,
  key: Redacted.Redacted,
  wanted: Place | undefined
): Effect.fn.Return<Place, ConfigError> {
  const kept = wanted !== "file" && (yield* onKeychain((keychain) => keychain.set(provider, Redacted.value(key))))
  yield* StoredKeys.put(user, provider, kept ? { keychain: true } : { key })
  return kept ? "keychain" : "file"
})

/**
 * Removes a stored key. Returns false if there was none.
 *
 * @since 0.1.0
 * @category functions
 */
export const forget = Effect.fn("ProviderKeys.forget")(function* (
  user: UserLocations,
  provider: string
): Effect.fn.Return<boolean, ConfigError> {
  const found = (yield* StoredKeys.load(user)).get(provider)
  if (found === undefined) return false
  if ("keychain" in found) yield* onKeychain((keychain) => keychain.remove(provider))
  yield* StoredKeys.remove(user, provider)
  return true
})
