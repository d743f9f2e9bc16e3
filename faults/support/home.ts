import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { defaults, Limits, type RoundLimits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"

/** A directory with a database, for engines one after another, as processes would be. */
export interface Home {
  readonly root: string
  /** Where `parley.db` lies. */
  readonly data: string
  /** Where copies of it are looked at. */
  readonly scratch: string
}

export const home: Effect.Effect<Home, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "parley-faults-")))
    return { root, data: join(root, "data"), scratch: join(root, "scratch") }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

/** A case that is about silence sets limits of its own: these end only a test that hangs. */
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
  /** Of the Messages API. */
  readonly url: string
  readonly tools?: Layer.Layer<McpManager>
  readonly limits?: Partial<RoundLimits>
  /** Of the workspace. */
  readonly instructions?: string
  /** Of the workspace, in place of instructions: `Prompt.layer`. */
  readonly prompt?: Layer.Layer<PromptManager>
  /** Of the workspace: `Files.layer`. */
  readonly files?: Layer.Layer<never>
  /** More of the provider's options. */
  readonly provider?: Partial<Anthropic.AnthropicOptions>
}

/** Tokens: what is tested is what a provider, a disk or a person does, and not when a history is compacted. */
export const endless = 1_000_000_000

export const apiKey = "sk-ant-canary-of-the-faults"

/** The real engine, on the database of `home`, until the scope ends: the Anthropic provider, SQLite, and the tools given. */
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
          })
        ],
        models: { "anthropic/fake": { contextWindow: endless } }
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
