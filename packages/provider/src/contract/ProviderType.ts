import type { HttpClient } from "@parley/http/Http"
import type * as Schema from "effect/Schema"
import type { ModelProvider } from "./ModelProvider.ts"
import type { ProviderOptions } from "./ProviderOptions.ts"

/** The environment variables of a kind of provider. They apply to the provider that has the name of the kind. */
export interface Variables {
  readonly apiKey?: string
  /** Another variable for the key, which is read only if `apiKey` is not set. */
  readonly otherApiKey?: string
  readonly baseUrl?: string
  /** A variable that names a host rather than an address. Its value is ignored if `baseUrlOf` returns undefined. */
  readonly host?: { readonly name: string; readonly baseUrlOf: (value: string) => string | undefined }
}

/**
 * A kind of provider: the `type` of an entry of `providers` in the user's configuration. Everything about it is here, and
 * nothing that is loaded slowly: `load` imports the implementation.
 */
export interface ProviderType<O extends ProviderOptions = ProviderOptions> {
  /** Also the name of the provider that exists without configuration. */
  readonly type: string
  /** The options in the configuration file. */
  readonly options: Schema.ConstraintDecoder<O>
  readonly variables: Variables
  /**
   * Whether the options suffice to send requests. Without a configured provider of this name, these options come from the
   * environment only.
   */
  readonly isUsable: (options: O) => boolean
  readonly load: () => Promise<(id: string, options: O, http: HttpClient) => ModelProvider>
}

/**
 * A provider as it results from the user's configuration and the environment.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfiguredProvider {
  /** The part of `PROVIDER/MODEL` before the slash. */
  readonly id: string
  /** Whether it is in the configuration file or a variable is set for it. Local servers are usable without either. */
  readonly isConfigured: boolean
  /** Loads the implementation. Undefined if options are missing. */
  readonly load: ((http: HttpClient) => Promise<ModelProvider>) | undefined
  /** Where its key comes from. Undefined if it has none. */
  readonly keyFrom?: "variable" | "command" | "stored" | "configuration" | undefined
  /** The variable that holds its key, if there is one. */
  readonly keyVariable: string | undefined
}
