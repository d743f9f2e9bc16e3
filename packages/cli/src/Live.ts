import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { StorageError } from "@parley/domain/Errors"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { ServerRequests } from "@parley/domain/ServerRequests"
import type { Pins } from "@parley/mcp/Pins"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import { CompactionSettings } from "@parley/session/CompactionSettings"
import { defaults as limitDefaults, Limits } from "@parley/session/Limits"
import { Meter, Sampled } from "@parley/session/Sampled"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Http from "@parley/http/Http"
import type { AuthOptions } from "@parley/mcp/McpAuth"
import * as DynamicContext from "@parley/workspace/DynamicContext"
import * as EnvironmentInfo from "@parley/workspace/EnvironmentInfo"
import * as Files from "@parley/workspace/Files"
import * as Prompt from "@parley/workspace/Prompt"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ownerOf, type Setup } from "./Setup.ts"
import type { McpServersOptions } from "@parley/mcp/McpServers"
import { concealing } from "@parley/mcp/Concealing"
import * as Signals from "./internal/Signals.ts"
import * as Approvals from "./Approvals.ts"
import type { Output } from "./Output.ts"
import * as LeftOut from "./LeftOut.ts"
import * as Questions from "./Questions.ts"
import * as ServerAnswers from "./ServerAnswers.ts"
import * as SlowStarts from "./SlowStarts.ts"
import * as Slots from "./Slots.ts"
import * as ToolProgress from "./ToolProgress.ts"
import { version } from "./Version.ts"
import * as Withheld from "./Withheld.ts"

// What a command does not use it does not load: the leaves with weight behind them are imported when their layer is built.

/** Stored sessions of this user. To `read`, it is enough that the database can be read. */
export const sessions = (setup: Setup, access: "write" | "read" = "write"): Layer.Layer<SessionManager, StorageError> =>
  Layer.unwrap(
    Effect.promise(() => Promise.all([import("@parley/store/SqliteSessions"), import("@parley/store/SecureIds")])).pipe(
      Effect.map(([SqliteSessions, SecureIds]) =>
        SqliteSessions.layer({ filename: setup.user.databaseFile, access }).pipe(Layer.provide(SecureIds.layer))
      )
    )
  )

const millis = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000)

/** How long requests to models may be silent at most, below everything else: longer than a round waits for them. */
export const silence = ({ firstTokenSeconds, idleSeconds }: Setup["limits"]) => {
  const longest = Math.max(
    millis(firstTokenSeconds) ?? limitDefaults.firstChunkMillis,
    millis(idleSeconds) ?? limitDefaults.idleMillis
  )
  return { headersMillis: longest + 60_000, idleMillis: longest + 60_000 }
}

/** The models that the configuration gives access to, the demo model always among them. */
export const models = (setup: Setup): Layer.Layer<ModelsManager> =>
  Layer.unwrap(
    Effect.promise(() =>
      Promise.all([
        import("@parley/provider/Registry"),
        import("@parley/provider/Anthropic"),
        import("@parley/provider/Demo")
      ])
    ).pipe(
      Effect.zip(Http.Client),
      Effect.map(([[Registry, Anthropic, Demo], client]) => {
        const { config } = setup
        const { apiKey, baseUrl, cacheLifetime, caching, maxOutputTokens, model } = config.providers?.anthropic ?? {}
        const anthropic =
          apiKey === undefined
            ? []
            : [
                Anthropic.make({
                  apiKey,
                  http: { ...client, fetch: client.within(silence(setup.limits)) },
                  ...(baseUrl === undefined ? {} : { baseUrl }),
                  ...(model === undefined ? {} : { defaultModel: model }),
                  ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
                  ...(caching === undefined ? {} : { caching }),
                  ...(cacheLifetime === undefined ? {} : { cacheLifetime })
                })
              ]
        return Registry.layer({
          providers: [...anthropic, Demo.make()],
          unavailable: {
            anthropic: `set ANTHROPIC_API_KEY, or providers.anthropic.apiKey in ${setup.user.configFile}`
          },
          ...(setup.model === undefined ? {} : { preferred: setup.model }),
          ...(config.prices === undefined ? {} : { prices: config.prices }),
          ...(config.models === undefined ? {} : { models: config.models })
        })
      })
    )
  )

export interface ToolsOptions extends Pick<McpServersOptions, "literal" | "logs" | "onProgress" | "patience"> {
  /** How to log in to them, where it is not with the stored logins. */
  readonly auth?: Partial<AuthOptions>
  /** Where their tools are pinned: with the user's data, unless something else is said. */
  readonly pins?: Pins | "none"
  /** For showing them to a person, who is shown what nobody sees in them. */
  readonly keepUnseen?: boolean
}

/** The MCP servers that count, or others in their place, and the built-in workspace tools. */
export const tools = (
  setup: Setup,
  servers = setup.servers,
  { auth, keepUnseen, pins, ...more }: ToolsOptions = {}
): Layer.Layer<McpManager> =>
  Layer.unwrap(
    Effect.promise(() =>
      Promise.all([import("@parley/mcp/McpServers"), import("@parley/mcp/McpAuth"), import("./trust/FilePins.ts")])
    ).pipe(
      Effect.zip(SlowStarts.make),
      Effect.map(([[McpServers, McpAuth, FilePins], onSlowStart]) =>
        McpServers.layer({
          onSlowStart,
          servers,
          pins: pins === "none" ? undefined : (pins ?? FilePins.filePins(setup)),
          keepUnseen,
          workspaceRoot: setup.workspace.root,
          // What a project declares runs as it was shown.
          literal: setup.project.servers.flatMap(({ name, standing }) => (standing === "trusted" ? [name] : [])),
          withheld: Withheld.of(setup),
          spillDirectory: setup.user.resultsDirectory,
          clientInfo: { name: "parley", version },
          ending: Signals.ending,
          ...more,
          auth: { store: (name) => McpAuth.directory(ServerPlaces.logins(setup.user, ownerOf(setup, name))), ...auth }
        })
      )
    )
  )

/** The same, for a session: servers may ask, what they say is written down, and how far their tools have got is shown. */
const toolsOfSession = (setup: Setup, questions: Questions.Questions) =>
  Layer.unwrap(
    Effect.map(ToolProgress.make(questions), (onProgress) =>
      tools(setup, undefined, {
        onProgress,
        // A round does not wait longer for what npx downloads than for any other server.
        patience: "10 seconds",
        logs: {
          directory: (name) => ServerPlaces.logs(setup.user, ownerOf(setup, name)),
          conceal: concealing
        }
      })
    )
  ).pipe(Layer.provide(Layer.effect(ServerRequests, ServerAnswers.make(questions))))

const workspace = (
  setup: Setup,
  where: "stored" | "memory",
  questions: Questions.Questions
): Layer.Layer<PromptManager, never, Output> => {
  const { root } = setup.workspace
  const withheld = Withheld.of(setup)
  const { limits } = setup
  const found = Files.layer({ root, instructionsFile: setup.user.instructionsFile, withheld })
  // What only looks at a request shows what is left out of it by itself.
  const files = where === "memory" ? found : Layer.provide(LeftOut.telling, found)
  return Layer.mergeAll(
    Prompt.layer({ root, withheld }),
    files,
    EnvironmentInfo.layer({ root }),
    DynamicContext.layer(Slots.options(setup)),
    Layer.succeed(CompactionSettings, {
      auto: setup.config.compaction?.auto ?? true,
      model: setup.config.compaction?.model
    }),
    Layer.sync(Sampled, () => new Meter()),
    Layer.effect(ToolPolicy, Approvals.policy(setup, questions)),
    Layer.effect(
      Limits,
      Effect.map(Limits, (defaults) => ({
        ...defaults,
        turns: limits.turns ?? defaults.turns,
        toolConcurrency: limits.toolConcurrency ?? defaults.toolConcurrency,
        retries: limits.retries ?? defaults.retries,
        firstChunkMillis: millis(limits.firstTokenSeconds) ?? defaults.firstChunkMillis,
        idleMillis: millis(limits.idleSeconds) ?? defaults.idleMillis,
        turnMillis: millis(limits.turnSeconds) ?? defaults.turnMillis,
        roundMillis: millis(limits.roundSeconds) ?? defaults.roundMillis,
        roundTokens: limits.roundTokens ?? defaults.roundTokens,
        roundCost: limits.roundCost ?? defaults.roundCost,
        sessionTokens: limits.sessionTokens ?? defaults.sessionTokens,
        sessionCost: limits.sessionCost ?? defaults.sessionCost,
        identicalCalls: limits.identicalCalls ?? defaults.identicalCalls
      }))
    )
  )
}

type Managers = SessionManager | ModelsManager | McpManager

/** The whole engine. `memory` keeps its sessions to itself, for looking at what would be sent. */
export const engine = (
  setup: Setup,
  where: "stored" | "memory" = "stored",
  questions: Questions.Questions = Questions.make()
): Layer.Layer<SessionCoordinator | Managers, StorageError, Output> =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      where === "stored" ? sessions(setup) : SessionManager.layerMemory,
      toolsOfSession(setup, questions)
    ]),
    Layer.provideMerge([models(setup), workspace(setup, where, questions)])
  )

/** What closing lost rounds needs: the stored sessions, and no model and no tool that it could ask. */
export const recovery = (setup: Setup): Layer.Layer<SessionCoordinator, StorageError> =>
  SessionCoordinator.layer.pipe(
    Layer.provide([sessions(setup), ModelsManager.layerMemory, McpManager.layerMemory({}), PromptManager.layerMemory()])
  )
