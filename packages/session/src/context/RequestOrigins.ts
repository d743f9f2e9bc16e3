import { InvalidMessage } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import type { ModelRef } from "@parley/domain/ModelRef"
import { type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { RequestSettings } from "@parley/domain/RequestSize"
import type { RequestContext } from "@parley/domain/SessionContext"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Manifest from "./Manifest.ts"
import * as RequestEstimate from "./RequestEstimate.ts"
import type { ThinkingRule } from "../log/BoundThinking.ts"
import { SessionState } from "../log/SessionState.ts"

/** The request that follows from a session's state, with the thinking that may be sent back. */
export const requestOf = (
  state: SessionState,
  model: { readonly ref: ModelRef; readonly settings?: RequestSettings; readonly endpoint?: string },
  thinking: ThinkingRule = "fitting"
): ModelRequest => ({
  model: model.ref,
  system: state.baseline?.system ?? "",
  tools: state.baseline?.tools ?? [],
  messages: state.thinking.in(state.history.messages(), model, state.baseline, thinking),
  ...(model.settings === undefined ? {} : { settings: model.settings })
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
  const state = new SessionState()
  for (const entry of yield* sessions.read(sessionId, 0)) {
    state.push(entry)
    const { event } = entry
    if (event._tag !== "TurnStarted" || event.turnId !== turnId) continue
    if (event.purpose !== undefined)
      return yield* new InvalidMessage({
        problem: `${turnId} is a summary for a compaction; its request did not contain the conversation`
      })
    const { endpoint, model: ref, prefix, settings } = event
    const model = {
      ref,
      ...(settings === undefined ? {} : { settings }),
      ...(endpoint === undefined ? {} : { endpoint })
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
