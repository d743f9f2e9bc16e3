import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Anthropic from "@parley/provider/Anthropic"
import * as OpenAi from "@parley/provider/OpenAi"
import * as Registry from "@parley/provider/Registry"
import { defaults, Limits, type RoundLimits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"

/** A directory with a database, for several engines one after another, like consecutive processes. */
export interface Home {
  readonly root: string
  /** The directory of `parley.db`. */
  readonly data: string
  /** A directory for copies of the database that are inspected. */
  readonly scratch: string
}

export const home: Effect.Effect<Home, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "parley-faults-")))
    return { root, data: join(root, "data"), scratch: join(root, "scratch") }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

/** Limits that end only a hanging test. Cases about timeouts set their own limits. */
export const quick: RoundLimits = {
  ...defaults,
  turns: 6,
  firstChunkMillis: 60_000,
  idleMillis: 60_000,
  turnMillis: 120_000,
  retries: 1,
  longestWaitMillis: 3000
}

export interface EngineOptions {
  /** The base URL of the Messages API. */
  readonly url: string
  readonly tools?: Layer.Layer<McpManager>
  readonly limits?: Partial<RoundLimits>
  /** The instructions of the workspace. */
  readonly instructions?: string
  /** The workspace's prompt (`Prompt.layer`), instead of `instructions`. */
  readonly prompt?: Layer.Layer<PromptManager>
  /** The workspace's files (`Files.layer`). */
  readonly files?: Layer.Layer<never>
  /** Further options of the provider. */
  readonly provider?: Partial<Anthropic.AnthropicOptions>
  /** Limits and efforts of models. */
  readonly models?: Registry.RegistryOptions["models"]
  /** The base URL of a Responses API, which is the provider `openai`. */
  readonly openai?: string
}

/** A context window in tokens that is never exceeded, so that no history is compacted during these tests. */
export const endless = 1_000_000_000

export const apiKey = "sk-ant-canary-of-the-faults"

/** The real engine on the database of `home` until the scope closes: the Anthropic provider, SQLite, and the given tools. */
export const engine = (home: Home, options: EngineOptions) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      SqliteSessions.layer({ filename: join(home.data, "parley.db") }),
      Registry.layer({
        providers: [
          Anthropic.make({
            apiKey: Redacted.make(apiKey),
            baseUrl: options.url,
            defaultModel: "fake",
            ...options.provider
          }),
          ...(options.openai === undefined
            ? []
            : [OpenAi.make({ apiKey: Redacted.make(apiKey), baseUrl: options.openai })])
        ],
        models: { "anthropic/fake": { contextWindow: endless }, ...options.models }
      }),
      options.tools ?? McpManager.layerMemory({}),
      options.files ?? Layer.empty
    ]),
    Layer.provide(
      options.prompt ?? PromptManager.layerMemory({ instructions: options.instructions ?? "You are tested." })
    ),
    Layer.fresh,
    Layer.build,
    Effect.map((built) => ({
      coordinator: Context.get(built, SessionCoordinator),
      sessions: Context.get(built, SessionManager)
    })),
    Effect.provideService(Limits, { ...quick, ...options.limits })
  )
