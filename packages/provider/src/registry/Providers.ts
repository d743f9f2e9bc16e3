import { ConfigError } from "@parley/domain/Errors"
import type { HttpClient } from "@parley/http/Http"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { anthropic } from "../anthropic/AnthropicType.ts"
import * as KeyedClient from "../connection/KeyedClient.ts"
import { placeholder } from "../connection/KeyedClient.ts"
import type { KeySource, KeySources } from "../contract/KeySource.ts"
import type { ModelProvider } from "../contract/ModelProvider.ts"
import {
  apiKeyExpected,
  baseUrlExpected,
  isApiKey,
  isBaseUrl,
  type ProviderOptions
} from "../contract/ProviderOptions.ts"
import type { ConfiguredProvider, ProviderType, Variables } from "../contract/ProviderType.ts"
import { gemini } from "../gemini/GeminiType.ts"
import { openai, servers } from "../openai/OpenAiTypes.ts"

export type { KeySource, KeySources } from "../contract/KeySource.ts"
export { isApiKey } from "../contract/ProviderOptions.ts"
export type { ConfiguredProvider } from "../contract/ProviderType.ts"

interface Env {
  readonly [name: string]: string | undefined
}

/**
 * One entry of `providers` in the configuration file.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly name: string
  readonly value: unknown
  /** Decodes the entry with a schema. */
  readonly decode: <S extends Schema.ConstraintDecoder<ProviderOptions>>(
    schema: S
  ) => Effect.Effect<S["Type"], ConfigError>
  /** Makes an error about a key of the entry. */
  readonly errorAt: (key: string, problem: string) => ConfigError
}

type Overrides = Pick<ProviderOptions, "apiKey" | "baseUrl">

/** A kind of provider whose options only it knows. */
interface Kind {
  readonly type: string
  readonly variables: Variables
  readonly configured: (
    entry: Entry,
    overrides: Overrides,
    keys: KeySources
  ) => Effect.Effect<ConfiguredProvider, ConfigError>
  readonly unconfigured: (overrides: Overrides, keys: KeySources) => ConfiguredProvider
}

const noKeys: KeySources = { ofCommand: () => undefined, stored: () => undefined }

/** A key that is obtained when it is needed. */
interface Obtained {
  readonly from: "command" | "stored"
  readonly source: KeySource
}

/** Without a variable, which is more specific than what is set up for all times. */
const obtained = (id: string, { apiKeyCommand }: ProviderOptions, keys: KeySources): Obtained | undefined => {
  const command = apiKeyCommand === undefined ? undefined : keys.ofCommand(apiKeyCommand)
  if (command !== undefined) return { from: "command", source: command }
  const stored = keys.stored(id)
  return stored === undefined ? undefined : { from: "stored", source: stored }
}

const kind = <O extends ProviderOptions>({ isUsable, load, options, type, variables }: ProviderType<O>): Kind => {
  const provider = (
    id: string,
    isConfigured: boolean,
    found: O | undefined,
    { apiKey }: Overrides,
    keys: KeySources
  ): ConfiguredProvider => {
    const key = found === undefined || apiKey !== undefined ? undefined : obtained(id, found, keys)
    const used = found === undefined || key === undefined ? found : { ...found, apiKey: Redacted.make(placeholder) }
    const client = (http: HttpClient) => (key === undefined ? http : KeyedClient.make(http, key.source))
    const fixed = apiKey !== undefined ? "variable" : found?.apiKey !== undefined ? "configuration" : undefined
    return {
      id,
      isConfigured: isConfigured || key !== undefined,
      keyVariable: id === type ? variables.apiKey : undefined,
      keyFrom: key === undefined ? fixed : key.from,
      load:
        used !== undefined && isUsable(used) ? (http) => load().then((make) => make(id, used, client(http))) : undefined
    }
  }
  return {
    type,
    variables,
    configured: (entry, overrides, keys) =>
      Effect.map(entry.decode(options), (decoded) =>
        provider(entry.name, true, { ...decoded, ...overrides }, overrides, keys)
      ),
    unconfigured: (overrides, keys) => {
      const none = Option.getOrUndefined(Schema.decodeUnknownOption(options)({}))
      return provider(type, Object.keys(overrides).length > 0, none && { ...none, ...overrides }, overrides, keys)
    }
  }
}

const kinds: ReadonlyArray<Kind> = [kind(anthropic), kind(openai), kind(gemini), ...servers.map(kind)]

/**
 * The environment variables of the providers' keys. Each makes the models of its provider available.
 *
 * @since 0.1.0
 * @category constants
 */
export const keyVariables: ReadonlyArray<string> = kinds.flatMap(({ variables }) => variables.apiKey ?? [])

/** An unset or blank variable is undefined. White space around it is removed: values read from files end with a newline. */
const variable = (env: Env, name: string | undefined): string | undefined => {
  const value = name === undefined ? undefined : env[name]?.trim()
  return value === "" ? undefined : value
}

/**
 * The variables that configure providers, with `key` in place of each key.
 *
 * @since 0.1.0
 * @category functions
 */
export const variables = (env: Env, key: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    kinds.flatMap(({ variables: { apiKey, baseUrl, host, otherApiKey } }) => {
      const isSet = (name: string | undefined) => variable(env, name) !== undefined
      const keys = [apiKey, otherApiKey].flatMap((name) => (name !== undefined && isSet(name) ? [[name, key]] : []))
      const places = [baseUrl, host?.name].flatMap((name) =>
        name === undefined || !isSet(name) ? [] : [[name, variable(env, name) ?? ""]]
      )
      return [...keys, ...places]
    })
  )

/** A variable's value, or an error that does not show it. */
const valid = (env: Env, name: string | undefined, is: (text: string) => boolean, expected: string) => {
  const value = variable(env, name)
  return value === undefined || is(value)
    ? Effect.succeed(value)
    : Effect.fail(new ConfigError({ path: `$${name}`, problem: `expected ${expected}` }))
}

const overridesOf = Effect.fnUntraced(function* (env: Env, { apiKey, baseUrl, host, otherApiKey }: Variables) {
  const first = yield* valid(env, apiKey, isApiKey, apiKeyExpected)
  const key = first ?? (yield* valid(env, otherApiKey, isApiKey, apiKeyExpected))
  const address = yield* valid(env, baseUrl, isBaseUrl, baseUrlExpected)
  const named = variable(env, host?.name)
  const url = address ?? (named === undefined ? undefined : host?.baseUrlOf(named))
  const overrides: Overrides = {
    ...(key === undefined ? {} : { apiKey: Redacted.make(key, { label: "apiKey" }) }),
    ...(url === undefined ? {} : { baseUrl: url })
  }
  return overrides
})

const kindOf = (entry: Entry): Effect.Effect<Kind, ConfigError> => {
  const { name, value } = entry
  const type = hasProperty(value, "type") && isString(value.type) ? value.type : name
  const found = kinds.find((one) => one.type === type)
  if (found !== undefined) return Effect.succeed(found)
  const names = kinds.map((one) => `"${one.type}"`).join(", ")
  return Effect.fail(entry.errorAt("type", `providers.${name}.type: expected one of ${names}`))
}

/**
 * The providers: those of the configuration file in its order, then those that need no entry there. Variables take
 * precedence over the file. They apply only to the provider that is named like its kind, so that a key is never sent to
 * another server of the same kind. Fails with a `ConfigError` for an unusable value, without showing it.
 *
 * @since 0.1.0
 * @category functions
 */
export const configure = Effect.fn("Providers.configure")(function* (
  entries: ReadonlyArray<Entry>,
  env: Env,
  keys: KeySources = noKeys
) {
  const named = yield* Effect.forEach(entries, (entry) =>
    Effect.gen(function* () {
      const kind = yield* kindOf(entry)
      const overrides = entry.name === kind.type ? yield* overridesOf(env, kind.variables) : {}
      return yield* kind.configured(entry, overrides, keys)
    })
  )
  const others = kinds.filter(({ type }) => !entries.some(({ name }) => name === type))
  const rest = yield* Effect.forEach(others, (kind) =>
    Effect.map(overridesOf(env, kind.variables), (overrides) => kind.unconfigured(overrides, keys))
  )
  return [...named, ...rest]
})

/**
 * Loads the providers that requests can be sent to.
 *
 * @since 0.1.0
 * @category functions
 */
export const load = (
  providers: ReadonlyArray<ConfiguredProvider>,
  http: HttpClient
): Promise<ReadonlyArray<ModelProvider>> =>
  Promise.all(providers.flatMap(({ load }) => (load === undefined ? [] : [load(http)])))

const advice = ({ id, isConfigured, keyVariable }: ConfiguredProvider, configFile: string): string => {
  const key = `providers.${id}.apiKey in ${configFile}`
  if (keyVariable !== undefined) return `set ${keyVariable}, or ${key}`
  // The address of a configured provider is required by its schema.
  return isConfigured ? `set ${key}` : `set providers.${id}.baseUrl and ${key}`
}

/**
 * What to do about each provider that lacks options, by id.
 *
 * @since 0.1.0
 * @category functions
 */
export const unavailable = (
  providers: ReadonlyArray<ConfiguredProvider>,
  configFile: string
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    providers.flatMap((provider) => (provider.load === undefined ? [[provider.id, advice(provider, configFile)]] : []))
  )
