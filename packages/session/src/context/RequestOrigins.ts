import { InvalidMessage } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import type { ModelRef } from "@parley/domain/ModelRef"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { RequestSettings } from "@parley/domain/RequestSize"
import type { RequestContext } from "@parley/domain/SessionContext"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Manifest from "./Manifest.ts"
import * as RequestEstimate from "./RequestEstimate.ts"
import * as OutputEnvelope from "../output/OutputEnvelope.ts"
import * as OutputTool from "../output/OutputTool.ts"
import type { ThinkingRule } from "../log/BoundThinking.ts"
import { SessionState } from "../log/SessionState.ts"

/** The model of a request, and what of a turn determines the request besides the history. */
export interface Asked {
  readonly ref: ModelRef
  readonly settings?: RequestSettings
  readonly endpoint?: string
  /** The tool by which the model gives the answer of a round with an output schema, as in `TurnStarted`. */
  readonly outputTool?: string | undefined
}

/** The request that follows from a session's state, with the thinking that may be sent back. */
export const requestOf = (state: SessionState, model: Asked, thinking: ThinkingRule = "fitting"): ModelRequest => {
  const { outputTool } = model
  const schema = state.round?.outputSchema
  const tools = state.baseline?.tools ?? []
  return {
    model: model.ref,
    system: state.baseline?.system ?? "",
    tools: schema === undefined || outputTool === undefined ? tools : OutputTool.beside(tools, schema, outputTool),
    messages: state.thinking.in(
      state.history.messages(),
      { ...model, roundId: state.round?.id },
      state.baseline,
      thinking
    ),
    ...(model.settings === undefined ? {} : { settings: model.settings }),
    ...(schema === undefined || outputTool !== undefined ? {} : { output: OutputEnvelope.sent(schema) })
  }
}

/**
 * The tool by which the models of a round give an answer that follows its output schema. Undefined if the providers of all
 * of them hold the response to the schema themselves, so that all requests of the round have the same tools.
 */
export const outputToolOf = Effect.fnUntraced(function* (state: SessionState, models: ReadonlyArray<ModelInfo>) {
  if (state.round?.outputSchema === undefined) return undefined
  const { structured } = yield* ModelsManager
  const native = yield* Effect.forEach(models, (model) =>
    structured === undefined ? Effect.succeed(false) : structured(requestOf(state, model))
  )
  return native.every(Boolean) ? undefined : OutputTool.nameBeside(state.baseline?.tools ?? [])
})

/** Adds the manifest and, if the provider supports it, the rendered body with the source of each part. */
export const described = Effect.fnUntraced(function* (state: SessionState, request: ModelRequest) {
  const models = yield* ModelsManager
  const pieces = yield* models.render === undefined
    ? Effect.undefined
    : // A provider that is no longer configured cannot render the request; everything else is still available.
      Effect.orElseSucceed(models.render(request), () => undefined)
  return {
    request,
    manifest: Manifest.of(state, request),
    ...(pieces === undefined ? {} : { wire: Manifest.wire(pieces, request, state) })
  }
})

/** Reproduces the request of an earlier turn from the log alone, byte for byte, with the source of everything in it. */
export const sent = Effect.fnUntraced(function* (sessionId: SessionId, turnId: TurnId) {
  const sessions = yield* SessionManager
  const entries = yield* sessions.read(sessionId, 0)
  for (const [i, { event }] of entries.entries()) {
    if (event._tag !== "TurnStarted" || event.turnId !== turnId) continue
    if (event.purpose !== undefined)
      return yield* new InvalidMessage({
        problem: `${turnId} is a summary for a compaction; its request did not contain the conversation`
      })
    // The rounds that are undone now were in effect then.
    const state = SessionState.of(entries.slice(0, i + 1))
    const { endpoint, model: ref, outputTool, prefix, settings } = event
    const model = {
      ref,
      ...(settings === undefined ? {} : { settings }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(outputTool === undefined ? {} : { outputTool })
    }
    const request = requestOf(state, model, prefix === undefined ? "earlier" : "fitting")
    const context: RequestContext = {
      ...(yield* described(state, request)),
      size: event.size ?? RequestEstimate.estimate(request)
    }
    return context
  }
  return yield* new InvalidMessage({ problem: `The session has no turn ${turnId}` })
})
