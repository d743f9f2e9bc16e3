import { Effort } from "@parley/domain/Effort"
import { ConfigError } from "@parley/domain/Errors"
import { ModelRef } from "@parley/domain/ModelRef"
import * as Providers from "@parley/provider/Providers"
import * as Effect from "effect/Effect"
import { isObject } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Setup } from "../configuration/Setup.ts"
import type { ModelSetup } from "../engine/Engine.ts"
import { keyMark } from "./RecordingFile.ts"

const Limit = Schema.optionalKey(Schema.Int)

/** What a replay needs to build the same providers again: their configuration, without keys and the values of headers. */
export const RecordedHost = Schema.Struct({
  /** The entries of `providers` in the user's configuration. */
  providers: Schema.Record(Schema.String, Schema.Json),
  /** The variables that configure providers. */
  env: Schema.Record(Schema.String, Schema.String),
  model: Schema.optionalKey(ModelRef),
  fallbacks: Schema.Array(ModelRef),
  effort: Schema.optionalKey(Effort),
  models: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.Struct({ contextWindow: Limit, maxOutputTokens: Limit, effort: Schema.optionalKey(Effort) })
    )
  )
})
export type RecordedHost = typeof RecordedHost.Type

const isJson = Schema.is(Schema.Json)

/** An entry without what is secret. A key that the entry, a command or the keychain provides becomes the mark. */
const entryOf = (entry: unknown, hasKey: boolean): Schema.Json => {
  if (!isObject(entry)) return {}
  const kept = Object.entries(entry).flatMap(([key, value]): ReadonlyArray<readonly [string, Schema.Json]> => {
    if (key === "apiKey" || key === "apiKeyCommand" || !isJson(value)) return []
    if (key !== "headers" || typeof value !== "object" || value === null) return [[key, value]]
    return [[key, Object.fromEntries(Object.keys(value).map((name) => [name, "not-recorded"]))]]
  })
  return Object.fromEntries(hasKey ? [...kept, ["apiKey", keyMark] as const] : kept)
}

/** The values of headers in entries: a recording must not contain them. Keys are found in the requests that carry them. */
export const secretsOf = (setup: Setup): ReadonlyArray<string> =>
  Object.values(setup.config.providers ?? {}).flatMap((entry) => {
    const value: unknown = Redacted.value(entry)
    const headers: unknown = isObject(value) && "headers" in value ? value.headers : undefined
    const key: unknown = isObject(value) && "apiKey" in value ? value.apiKey : undefined
    const texts: ReadonlyArray<unknown> = isObject(headers) ? [key, ...Object.values(headers)] : [key]
    return texts.filter((text) => typeof text === "string")
  })

/** What is recorded of a setup. */
export const make = ({ config, effort, env, fallbacks, model, providers }: Setup): RecordedHost => {
  const entries = config.providers ?? {}
  const keyed = new Set(providers.flatMap(({ id, keyFrom }) => (keyFrom === undefined ? [] : [id])))
  // A stored key of a provider without an entry: its variable stands for it.
  const stored = providers.flatMap(({ id, keyFrom, keyVariable }) =>
    keyFrom === "stored" && keyVariable !== undefined && !Object.hasOwn(entries, id) ? [[keyVariable, keyMark]] : []
  )
  const fromVariable = new Set(providers.flatMap(({ id, keyFrom }) => (keyFrom === "variable" ? [id] : [])))
  return {
    providers: Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [
        name,
        entryOf(Redacted.value(entry), keyed.has(name) && !fromVariable.has(name))
      ])
    ),
    env: { ...Providers.variables(env, keyMark), ...Object.fromEntries(stored) },
    fallbacks,
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(config.models === undefined ? {} : { models: config.models })
  }
}

/** The setup of the recorded models. */
export const setupOf = Effect.fn("RecordedHost.setupOf")(function* (name: string, host: RecordedHost) {
  const entries = Object.entries(host.providers).map(([provider, value]): Providers.Entry => ({
    name: provider,
    value,
    decode: (schema) =>
      Effect.mapError(
        Schema.decodeUnknownEffect(schema)(value),
        ({ message }) => new ConfigError({ path: name, problem: `the recorded provider ${provider}: ${message}` })
      ),
    errorAt: (_key, problem) => new ConfigError({ path: name, problem })
  }))
  const setup: ModelSetup = {
    providers: yield* Providers.configure(entries, host.env),
    model: host.model,
    fallbacks: host.fallbacks,
    effort: host.effort,
    limits: {},
    user: { configFile: name },
    config: host.models === undefined ? {} : { models: host.models }
  }
  return setup
})
