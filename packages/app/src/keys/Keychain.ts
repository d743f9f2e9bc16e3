import * as Context from "effect/Context"
import { hasProperty, isFunction } from "effect/Predicate"

/** The keychain of the system: Keychain on macOS, Credential Manager on Windows, the Secret Service on Linux. */
export interface Keychain {
  /** The key of a provider; undefined if it has none there. */
  readonly get: (provider: string) => string | undefined
  readonly set: (provider: string, key: string) => void
  readonly remove: (provider: string) => void
}

/** How `@napi-rs/keyring` is used here. */
interface Entry {
  readonly getPassword: () => string | null
  readonly setPassword: (key: string) => void
  readonly deletePassword: () => unknown
}
type MakeEntry = new (service: string, account: string) => Entry

const service = "parley"
// Not a literal, because the package is optional: neither the compiler nor the bundler may look for it.
const name = ["@napi-rs", "keyring"].join("/")

const isMaker = (value: unknown): value is MakeEntry => isFunction(value)

const using = (make: MakeEntry): Keychain => ({
  get: (provider) => new make(service, provider).getPassword() ?? undefined,
  set: (provider, key) => new make(service, provider).setPassword(key),
  remove: (provider) => void new make(service, provider).deletePassword()
})

/** Loads the optional package. Undefined if it is not installed or has no build for this system. */
export const load = (): Promise<Keychain | undefined> =>
  import(name).then(
    (loaded: unknown) => (hasProperty(loaded, "Entry") && isMaker(loaded.Entry) ? using(loaded.Entry) : undefined),
    () => undefined
  )

/** How the keychain is loaded. Default: `load`. */
export const Loading = Context.Reference<() => Promise<Keychain | undefined>>("@parley/app/keys/Keychain/Loading", {
  defaultValue: () => load
})
