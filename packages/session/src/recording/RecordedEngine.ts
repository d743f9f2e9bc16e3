import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { SessionCoordinator } from "../round/SessionCoordinator.ts"
import type { Tape } from "./Tape.ts"
import * as TapedContext from "./TapedContext.ts"
import * as TapedManagers from "./TapedManagers.ts"
import * as TapedSessions from "./TapedSessions.ts"

/** The managers that an engine needs. */
export type Managers = PromptManager | SessionManager | McpManager | ModelsManager

/** An engine whose managers are on the boundary of a recording or a replay. Closing the scope shuts it down. */
export const make = (
  options: {
    readonly tape: Tape
    readonly managers: Context.Context<Managers>
    readonly store: TapedSessions.Store
    /** Whether the models manager determines the size of requests. */
    readonly counts: boolean
    /** The models whose HTTP client is recorded, if there are any. */
    readonly wired: ModelsManager["Service"] | undefined
  },
  scope: Scope.Scope
): Effect.Effect<SessionCoordinator["Service"]> => {
  const { counts, managers, store, tape, wired } = options
  const taped = managers.pipe(
    Context.add(SessionManager, TapedSessions.make(tape, Context.get(managers, SessionManager), store)),
    Context.add(ModelsManager, TapedManagers.models(tape, Context.get(managers, ModelsManager), counts, wired)),
    Context.add(McpManager, TapedManagers.tools(tape, Context.get(managers, McpManager))),
    Context.add(PromptManager, TapedContext.prompt(tape, Context.get(managers, PromptManager)))
  )
  return Layer.buildWithScope(Layer.fresh(SessionCoordinator.layer), scope).pipe(
    Effect.map((built) => Context.get(built, SessionCoordinator)),
    Effect.provideContext(Context.merge(taped, tape.inside(Context.empty())))
  )
}
