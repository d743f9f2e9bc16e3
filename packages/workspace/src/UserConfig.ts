import { ConfigError } from "@parley/domain/Errors"
import { Price } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as JsonFile from "./JsonFile.ts"
import type { Env } from "./Locations.ts"
import { McpServers } from "./McpServers.ts"
import { ModelName, modelNamePattern } from "./ModelName.ts"
import { Permissions } from "./Permissions.ts"
import { Entries } from "./SecretReads.ts"
import { Slots } from "./Slots.ts"

const positive = Schema.Int.check(Schema.isGreaterThan(0, { expected: "a whole number above 0" }))
const countable = Schema.Int.check(
  Schema.isBetween({ minimum: 0, maximum: 20 }, { expected: "a whole number from 0 to 20" })
)
const amount = Schema.Finite.check(Schema.isGreaterThan(0, { expected: "a number above 0" }))

const apiKeyPattern = /^[\x21-\x7e]+$/
const apiKeyExpected = "a key without spaces or line breaks"
const ApiKey = Schema.RedactedFromValue(
  Schema.String.check(Schema.isPattern(apiKeyPattern, { expected: apiKeyExpected })),
  { label: "apiKey" }
)

const baseUrlExpected = "an http:// or https:// address without a user name or password"
const isBaseUrl = (text: string): boolean => {
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === "" && url.password === ""
}
const BaseUrl = Schema.String.check(Schema.makeFilter(isBaseUrl, { expected: baseUrlExpected }))

const ByModel = Schema.String.check(Schema.isPattern(modelNamePattern)).annotate({
  expected: 'a model, "provider/model"'
})

/** The user's own configuration file. Trusted: it names programs to start and addresses to send keys to. */
export const UserConfig = Schema.Struct({
  /** The model that is used when nothing else is said. */
  model: Schema.optionalKey(ModelName),
  providers: Schema.optionalKey(
    Schema.Struct({
      anthropic: Schema.optionalKey(
        Schema.Struct({
          apiKey: Schema.optionalKey(ApiKey),
          baseUrl: Schema.optionalKey(BaseUrl),
          /** The provider's model when only the provider is named. */
          model: Schema.optionalKey(Schema.NonEmptyString),
          maxOutputTokens: Schema.optionalKey(positive),
          /** Whether the API caches requests, which it does unless this says no. */
          caching: Schema.optionalKey(Schema.Boolean),
          /** How long it keeps them after their last use. */
          cacheLifetime: Schema.optionalKey(Schema.Literals(["5m", "1h"]))
        })
      )
    })
  ),
  /** By "provider/model". */
  prices: Schema.optionalKey(Schema.Record(ByModel, Price)),
  /** How much a model reads and writes, in tokens, where it is not what its provider says. By "provider/model". */
  models: Schema.optionalKey(
    Schema.Record(
      ByModel,
      Schema.Struct({ contextWindow: Schema.optionalKey(positive), maxOutputTokens: Schema.optionalKey(positive) })
    )
  ),
  mcpServers: Schema.optionalKey(McpServers),
  /** Tools that may run, that are asked about, or that never run. What is not named may run if it only reads. */
  permissions: Schema.optionalKey(Permissions),
  /** Files that may hold secrets, beside those that usually do; an entry with `!` takes out what it matches. */
  secretFiles: Schema.optionalKey(Entries),
  dynamicContext: Schema.optionalKey(Slots),
  /** How a history that no longer fits the model is made smaller. */
  compaction: Schema.optionalKey(
    Schema.Struct({
      /** Without it a message that does not fit fails, and `parley sessions compact` is up to the user. On by default. */
      auto: Schema.optionalKey(Schema.Boolean),
      /** The model that sums up; the conversation's own when absent. */
      model: Schema.optionalKey(ModelName)
    })
  ),
  limits: Schema.optionalKey(
    Schema.Struct({
      turns: Schema.optionalKey(positive),
      toolConcurrency: Schema.optionalKey(positive),
      /** How often a request that failed in a way that may pass is sent again. */
      retries: Schema.optionalKey(countable),
      /** How long a model may be silent before the first piece of an answer, within it, and how long all of it may take. */
      firstTokenSeconds: Schema.optionalKey(positive),
      idleSeconds: Schema.optionalKey(positive),
      turnSeconds: Schema.optionalKey(positive),
      roundSeconds: Schema.optionalKey(positive),
      roundTokens: Schema.optionalKey(positive),
      /** US dollars; no model is asked whose price is not known. */
      roundCost: Schema.optionalKey(amount),
      sessionTokens: Schema.optionalKey(positive),
      sessionCost: Schema.optionalKey(amount),
      identicalCalls: Schema.optionalKey(positive)
    })
  )
})
export type UserConfig = typeof UserConfig.Type

export interface Loaded {
  readonly config: UserConfig
  /** For people: what they should change though nothing failed. */
  readonly warnings: ReadonlyArray<string>
}

/** Names of what in a configuration is nobody else's business. */
const secrets = (config: UserConfig): ReadonlyArray<string> => [
  ...(config.providers?.anthropic?.apiKey === undefined ? [] : ["providers.anthropic.apiKey"]),
  ...Object.entries(config.mcpServers ?? {}).flatMap(([name, server]) => {
    const key = "url" in server ? "headers" : "env"
    const values = "url" in server ? server.headers : server.env
    const held = [
      Object.keys(values ?? {}).length > 0 ? key : undefined,
      "url" in server && server.oauth?.clientSecret !== undefined ? "oauth.clientSecret" : undefined
    ]
    return held.filter((part) => part !== undefined).map((part) => `mcpServers.${name}.${part}`)
  })
]

/** The file as it is read and changed: never one that another user could have written, as it names programs to start. */
export const fileAt = (path: string): JsonFile.File => ({ path, ours: "linked" })

/** The configuration as it is in the file now. A missing file is an empty configuration. */
export const load = Effect.fn("UserConfig.load")(function* (path: string): Effect.fn.Return<Loaded, ConfigError> {
  const document = yield* JsonFile.read(fileAt(path), UserConfig)
  if (Option.isNone(document)) return { config: {}, warnings: [] }
  const { exposed, value: config } = document.value
  const held = exposed ? secrets(config) : []
  const warnings =
    held.length === 0
      ? []
      : [`${path}: others than you can access this file, and it holds ${held.join(", ")}; set its mode to 600`]
  return { config, warnings }
})

/** Changes the configuration file; see `JsonFile.edit` for what is guaranteed. */
export const edit = (path: string, changes: ReadonlyArray<JsonFile.Change>): Effect.Effect<void, ConfigError> =>
  JsonFile.edit(fileAt(path), UserConfig, changes)

/** A variable that is unset or blank says nothing. Line ends around a value come from files and are not meant. */
const variable = (env: Env, name: string): string | undefined => {
  const value = env[name]?.trim()
  return value === "" ? undefined : value
}

const invalid = (name: string, expected: string) =>
  new ConfigError({ path: `$${name}`, problem: `expected ${expected}` })

/**
 * The configuration with `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL` in place of what the file says. A flag, which the
 * caller applies to the result, goes before the environment, and the environment before the file. Pure; an unusable
 * variable is an error that does not show its value.
 */
export const withEnvironment = (config: UserConfig, env: Env): Result.Result<UserConfig, ConfigError> => {
  const apiKey = variable(env, "ANTHROPIC_API_KEY")
  const baseUrl = variable(env, "ANTHROPIC_BASE_URL")
  if (apiKey !== undefined && !apiKeyPattern.test(apiKey)) {
    return Result.fail(invalid("ANTHROPIC_API_KEY", apiKeyExpected))
  }
  if (baseUrl !== undefined && !isBaseUrl(baseUrl)) return Result.fail(invalid("ANTHROPIC_BASE_URL", baseUrlExpected))
  if (apiKey === undefined && baseUrl === undefined) return Result.succeed(config)
  return Result.succeed({
    ...config,
    providers: {
      ...config.providers,
      anthropic: {
        ...config.providers?.anthropic,
        ...(apiKey === undefined ? {} : { apiKey: Redacted.make(apiKey, { label: "apiKey" }) }),
        ...(baseUrl === undefined ? {} : { baseUrl })
      }
    }
  })
}
