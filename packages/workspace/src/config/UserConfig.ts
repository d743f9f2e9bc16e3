import { Effort } from "@parley/domain/Effort"
import type { ConfigError } from "@parley/domain/Errors"
import { Price } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as JsonFile from "../json/JsonFile.ts"
import { McpServers } from "./ServerConfigs.ts"
import { ModelName, modelNamePattern, ModelNames } from "./ModelName.ts"
import { Permissions } from "./Permissions.ts"
import { Entries } from "./SecretReads.ts"
import { Slots } from "./SlotConfig.ts"

const positive = Schema.Int.check(Schema.isGreaterThan(0, { expected: "a whole number above 0" }))
const countable = Schema.Int.check(
  Schema.isBetween({ minimum: 0, maximum: 20 }, { expected: "a whole number from 0 to 20" })
)
const amount = Schema.Finite.check(Schema.isGreaterThan(0, { expected: "a number above 0" }))

/** The options of a provider, which only the provider knows. They may contain keys, so they are not shown. */
const ProviderOptions = Schema.RedactedFromValue(Schema.Record(Schema.String, Schema.Json), { label: "provider" })
const ProviderName = Schema.String.check(Schema.isPattern(/^[^/\s]+$/)).annotate({
  expected: "a name without slashes and spaces"
})

const ByModel = Schema.String.check(Schema.isPattern(modelNamePattern)).annotate({
  expected: 'a model, "provider/model"'
})

/**
 * The user's own configuration file. Trusted: it names programs to start and addresses to send keys to.
 *
 * @since 0.1.0
 * @category schemas
 */
export const UserConfig = Schema.Struct({
  /** The model to use when no other one is specified, or a list: that model, then those to ask if it is not available. */
  model: Schema.optionalKey(ModelNames),
  /** Providers of models, by name. */
  providers: Schema.optionalKey(Schema.Record(ProviderName, ProviderOptions)),
  /** Prices by "provider/model". */
  prices: Schema.optionalKey(Schema.Record(ByModel, Price)),
  /**
   * Limits of models in tokens, how much they think, and how they are asked for an answer that follows a schema, by
   * "provider/model". They override what the provider reports.
   */
  models: Schema.optionalKey(
    Schema.Record(
      ByModel,
      Schema.Struct({
        contextWindow: Schema.optionalKey(positive),
        maxOutputTokens: Schema.optionalKey(positive),
        effort: Schema.optionalKey(Effort),
        structuredOutput: Schema.optionalKey(Schema.Literals(["native", "tool"]))
      })
    )
  ),
  mcpServers: Schema.optionalKey(McpServers),
  /** Which tools run, require approval, or never run. Tools without a rule require approval unless marked read-only. */
  permissions: Schema.optionalKey(Permissions),
  /** What holds in one workspace only, by the path of its root. It takes precedence over the same pattern above. */
  workspaces: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Struct({ permissions: Schema.optionalKey(Permissions) }))
  ),
  /** Patterns of files that may contain secrets, in addition to the standard ones. An entry with `!` removes its matches. */
  secretFiles: Schema.optionalKey(Entries),
  dynamicContext: Schema.optionalKey(Slots),
  /** How a history that no longer fits the model's context window is compacted. */
  titles: Schema.optionalKey(
    Schema.Struct({
      /** The model that writes titles of sessions. Without it, a title is the beginning of the first message. */
      model: ModelName
    })
  ),
  compaction: Schema.optionalKey(
    Schema.Struct({
      /**
       * Whether to compact automatically. Default: true. If false, a message that does not fit fails until the
       * user compacts the session.
       */
      auto: Schema.optionalKey(Schema.Boolean),
      /** The model that writes the summary. Default: the session's model. */
      model: Schema.optionalKey(ModelName)
    })
  ),
  /**
   * Whether the worktrees of one git repository have their own sessions, or share them: each lists and continues the sessions of
   * all. Default: separate.
   */
  worktrees: Schema.optionalKey(Schema.Literals(["separate", "shared"])),
  /** Limits in US dollars for everything that all of the user's processes spend together. */
  budget: Schema.optionalKey(
    Schema.Struct({
      /** For one calendar day (UTC), in all workspaces. */
      day: Schema.optionalKey(amount),
      /** For each workspace, on all days together. */
      workspace: Schema.optionalKey(amount)
    })
  ),
  limits: Schema.optionalKey(
    Schema.Struct({
      turns: Schema.optionalKey(positive),
      toolConcurrency: Schema.optionalKey(positive),
      /** How often a request is retried after a transient failure. */
      retries: Schema.optionalKey(countable),
      /** Timeouts of a turn, in seconds: until the first chunk, between two chunks, and for the whole turn. */
      firstTokenSeconds: Schema.optionalKey(positive),
      idleSeconds: Schema.optionalKey(positive),
      turnSeconds: Schema.optionalKey(positive),
      /** Timeout of one tool call, in seconds, besides the timeouts of its server. */
      toolSeconds: Schema.optionalKey(positive),
      roundSeconds: Schema.optionalKey(positive),
      roundTokens: Schema.optionalKey(positive),
      /** In US dollars. No request is sent to a model whose price is unknown. */
      roundCost: Schema.optionalKey(amount),
      sessionTokens: Schema.optionalKey(positive),
      sessionCost: Schema.optionalKey(amount),
      identicalCalls: Schema.optionalKey(positive)
    })
  )
})
export type UserConfig = typeof UserConfig.Type

/**
 * One entry of `providers`. The file's errors name the position of what is wrong in it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProviderEntry {
  readonly name: string
  readonly value: unknown
  /** Decodes the entry with the schema of its provider. */
  readonly decode: <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => Effect.Effect<S["Type"], ConfigError>
  /** Makes an error about one of its keys. */
  readonly errorAt: (key: string, problem: string) => ConfigError
}

/**
 * A configuration file that was read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded {
  readonly config: UserConfig
  /** Messages for the user about settings to change although loading succeeded. */
  readonly warnings: ReadonlyArray<string>
  /** The providers of the file, in its order. */
  readonly providers: ReadonlyArray<ProviderEntry>
}

/** The paths of the confidential values in a configuration. */
const secrets = (config: UserConfig): ReadonlyArray<string> => [
  ...Object.entries(config.providers ?? {}).flatMap(([name, entry]) =>
    ["apiKey", "headers"].flatMap((key) =>
      Object.hasOwn(Redacted.value(entry), key) ? [`providers.${name}.${key}`] : []
    )
  ),
  ...Object.entries(config.mcpServers ?? {}).flatMap(([name, server]) => {
    const key = "url" in server ? "headers" : "env"
    const values = "url" in server ? server.headers : server.env
    const secretFields = [
      Object.keys(values ?? {}).length > 0 ? key : undefined,
      "url" in server && server.oauth?.clientSecret !== undefined ? "oauth.clientSecret" : undefined
    ]
    return secretFields.filter((part) => part !== undefined).map((part) => `mcpServers.${name}.${part}`)
  })
]

/**
 * How the file is read and edited. It names programs to start, so one that another user could have written is refused.
 *
 * @since 0.1.0
 * @category functions
 */
export const fileAt = (path: string): JsonFile.File => ({ path, ours: "linked" })

/**
 * Reads the configuration from the file. A missing file is an empty configuration.
 *
 * @since 0.1.0
 * @category functions
 */
export const load = Effect.fn("UserConfig.load")(function* (path: string): Effect.fn.Return<Loaded, ConfigError> {
  const document = yield* JsonFile.read(fileAt(path), UserConfig)
  if (Option.isNone(document)) return { config: {}, warnings: [], providers: [] }
  const { decodeAt, errorAt, exposed, value: config } = document.value
  const secretFields = exposed ? secrets(config) : []
  const warnings =
    secretFields.length === 0
      ? []
      : [`${path}: other users can access this file, and it contains ${secretFields.join(", ")}; set its mode to 600`]
  const providers = Object.entries(config.providers ?? {}).map(([name, entry]): ProviderEntry => ({
    name,
    value: Redacted.value(entry),
    decode: (schema) => Effect.fromResult(decodeAt(["providers", name], schema)),
    errorAt: (key, problem) => errorAt(["providers", name, key], problem)
  }))
  return { config, warnings, providers }
})

/**
 * The permissions that hold in a workspace: those for all, and those for this one, which take precedence.
 *
 * @since 0.1.0
 * @category functions
 */
export const permissionsIn = ({ permissions, workspaces }: UserConfig, root: string): Permissions => ({
  ...permissions,
  ...(workspaces !== undefined && Object.hasOwn(workspaces, root) ? workspaces[root]?.permissions : undefined)
})

/**
 * Changes the configuration file, with the guarantees of `JsonFile.edit`.
 *
 * @since 0.1.0
 * @category functions
 */
export const edit = (path: string, changes: ReadonlyArray<JsonFile.Change>): Effect.Effect<void, ConfigError> =>
  JsonFile.edit(fileAt(path), UserConfig, changes)
