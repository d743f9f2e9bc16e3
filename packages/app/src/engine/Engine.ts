import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { StorageError } from "@parley/domain/Errors"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import { CompactionSettings } from "@parley/session/CompactionSettings"
import { Fallbacks } from "@parley/session/Fallbacks"
import { Meter, Sampled } from "@parley/session/SamplingUsage"
import { Desk, QuestionDesk } from "@parley/session/QuestionDesk"
import * as Limits from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as DynamicContext from "@parley/workspace/DynamicContext"
import * as EnvironmentInfo from "@parley/workspace/EnvironmentInfo"
import * as Files from "@parley/workspace/Files"
import * as Prompt from "@parley/workspace/Prompt"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { limitsOf } from "../configuration/LimitSettings.ts"
import type { Setup } from "../configuration/Setup.ts"
import { models } from "./EngineModels.ts"
import { toolsOfSessions } from "./EngineTools.ts"
import * as FileNotices from "./FileNotices.ts"
import * as ApprovalPolicy from "./ApprovalPolicy.ts"
import * as SessionTitles from "./SessionTitles.ts"
import * as SharedBudget from "./SharedBudget.ts"
import * as SlotOptions from "../configuration/SlotOptions.ts"
import * as WithheldFiles from "../configuration/WithheldFiles.ts"

export { models, type ModelSetup, realModel, silence } from "./EngineModels.ts"
export { tools, type ToolsOptions } from "./EngineTools.ts"

// A command loads only what it uses: packages with large dependencies are imported when their layer is built.

/**
 * The stored sessions of this user. With access `read`, a database without write permission is enough.
 *
 * @since 0.1.0
 * @category functions
 */
export const sessions = (setup: Setup, access: "write" | "read" = "write"): Layer.Layer<SessionManager, StorageError> =>
  Layer.unwrap(
    Effect.promise(() => Promise.all([import("@parley/store/SqliteSessions"), import("@parley/store/SecureIds")])).pipe(
      Effect.map(([SqliteSessions, SecureIds]) =>
        SqliteSessions.layer({ filename: setup.user.databaseFile, access }).pipe(Layer.provide(SecureIds.layer))
      )
    )
  )

const workspace = (setup: Setup, where: "stored" | "memory"): Layer.Layer<PromptManager> => {
  const { root, start } = setup.workspace
  const withheld = WithheldFiles.of(setup)
  const { instructionsFile } = setup.user
  const found = Files.layer({ root, start, instructionsFile, withheld, env: setup.env, wholeRepository: true })
  // A preview of a request (`memory`) shows the omitted files itself, so it needs no notices.
  const files = where === "memory" ? found : Layer.provide(FileNotices.layer, found)
  return Layer.mergeAll(
    Prompt.layer({ root, withheld }),
    files,
    EnvironmentInfo.layer({ root, start, env: setup.env }),
    DynamicContext.layer(SlotOptions.options(setup)),
    Layer.succeed(CompactionSettings, {
      auto: setup.config.compaction?.auto ?? true,
      model: setup.config.compaction?.model
    }),
    Layer.succeed(Fallbacks, setup.fallbacks),
    Layer.sync(Sampled, () => new Meter()),
    Layer.sync(QuestionDesk, () => new Desk()),
    Layer.effect(ToolPolicy, ApprovalPolicy.make(setup)),
    Limits.layer(limitsOf(setup.limits))
  )
}

type Managers = SessionManager | ModelsManager | McpManager

/**
 * The whole engine, as the user configured it. The ports are read when the layer is built. With `memory`, sessions are kept
 * in memory only, for previews of what would be sent. `coordinator` may be one that records: see `EngineRecording`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E = never>(
  setup: Setup,
  where: "stored" | "memory" = "stored",
  coordinator: Layer.Layer<SessionCoordinator, E, Managers | PromptManager> = SessionCoordinator.layer
): Layer.Layer<SessionCoordinator | Managers, StorageError | E> =>
  coordinator.pipe(
    Layer.provideMerge(SessionTitles.layer(setup.config.titles?.model)),
    Layer.provideMerge([where === "stored" ? sessions(setup) : SessionManager.layerMemory, toolsOfSessions(setup)]),
    Layer.provideMerge([models(setup), workspace(setup, where), SharedBudget.layer(setup, where)])
  )

/**
 * What runs a recorded session with another model: stored sessions, models and budgets, without tools and a workspace.
 *
 * @since 0.1.0
 * @category functions
 */
export const comparing = (setup: Setup): Layer.Layer<SessionManager | ModelsManager, StorageError> =>
  Layer.mergeAll(
    sessions(setup),
    models(setup),
    SharedBudget.layer(setup, "stored"),
    Layer.succeed(Fallbacks, setup.fallbacks)
  )

/**
 * The stored sessions without any models or tools: for recovery, and for reading.
 *
 * @since 0.1.0
 * @category functions
 */
export const recovery = (
  setup: Setup,
  access: "write" | "read" = "write"
): Layer.Layer<SessionCoordinator | SessionManager, StorageError> =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge(sessions(setup, access)),
    Layer.provide([ModelsManager.layerMemory, McpManager.layerMemory({}), PromptManager.layerMemory()])
  )
