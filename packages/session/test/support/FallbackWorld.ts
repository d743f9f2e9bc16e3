import { ModelError, UnknownModel } from "@parley/domain/ModelError"
import type { ModelRef } from "@parley/domain/ModelRef"
import { type ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { EventOf, LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { ScriptedModel, ScriptedTools } from "@parley/testing"
import { Effect, Layer } from "effect"
import { Fallbacks } from "../../src/limits/Fallbacks.ts"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { witness } from "../World.ts"

/** The models have one letter each; `a` is the preferred one. Each is at a provider of its own. */
export const named = (letter: string): ModelRef => ({ provider: `of-${letter}`, model: letter })

export interface Options {
  /** The models after `a`, in order. */
  readonly chain: string
  /** What is special about a model. */
  readonly models?: { readonly [letter: string]: Partial<ModelInfo> }
  readonly tools?: Readonly<Record<string, ScriptedTools.Behaviour>>
}

/** A coordinator whose models play one script, whichever of them is asked, and whose chain begins with `a`. */
export const chained = (turns: ReadonlyArray<ScriptedModel.Turn>, { chain, models = {}, tools }: Options) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge(witness),
    Layer.provideMerge([
      Layer.effect(
        ModelsManager,
        Effect.map(ModelsManager, (manager) => ({
          ...manager,
          preferred: Effect.succeed(named("a")),
          describe: (ref: ModelRef) =>
            ref.model === "gone"
              ? Effect.fail(new ModelError({ reason: new UnknownModel({ detail: "there is no such model" }) }))
              : Effect.map(manager.describe(ref), (info): ModelInfo => ({ ...info, ...models[ref.model] }))
        }))
      ).pipe(Layer.provideMerge(ScriptedModel.layer(turns))),
      ScriptedTools.layer(tools ?? { echo: ScriptedTools.echo }),
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ]),
    Layer.provide(Layer.succeed(Fallbacks, chain === "gone" ? [named("gone")] : Array.from(chain, named)))
  )

/** The letters of the models that were asked, in order. */
export const asked = Effect.map(ScriptedModel.Requests.all, (requests) =>
  requests.map(({ model }) => model.model).join("")
)

const retryLine = ({ delayMillis, failure, model, skipped = [] }: EventOf<"RetryScheduled">): string =>
  `${failure.reason}: ${model === undefined ? "again" : `to ${model.model}`}${delayMillis === 0 ? " at once" : ""}` +
  skipped.map((one) => ` (${one.model.model}: ${one.reason})`).join("")

/** What was scheduled after each failed attempt. */
export const steps = (log: ReadonlyArray<LogEntry>): ReadonlyArray<string> =>
  log.flatMap(({ event }) => (event._tag === "RetryScheduled" ? [retryLine(event)] : []))
