import { InvalidMessage } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import type { ModelRef } from "@parley/domain/ModelRef"
import { type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { RequestSettings } from "@parley/domain/RequestSize"
import type { RequestContext } from "@parley/domain/SessionContext"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Manifest from "./Manifest.ts"
import * as RequestSize from "./RequestSize.ts"
import { SessionState } from "./SessionState.ts"

/** The request that follows from what a session is, with the thinking that fits it or with none. */
export const requestOf = (
  state: SessionState,
  model: { readonly ref: ModelRef; readonly settings?: RequestSettings; readonly endpoint?: string },
  thinking: "fitting" | "none" = "fitting"
): ModelRequest => ({
  model: model.ref,
  system: state.baseline?.system ?? "",
  tools: state.baseline?.tools ?? [],
  messages: state.thinking.in(state.history.messages(), model, state.baseline, thinking === "none"),
  ...(model.settings === undefined ? {} : { settings: model.settings })
})

/** A request with where all of it comes from. */
export const told = Effect.fnUntraced(function* (state: SessionState, request: ModelRequest) {
  const models = yield* ModelsManager
  const pieces = yield* models.render === undefined
    ? Effect.undefined
    : // A provider that is not configured any more cannot say how it would send this; everything else can be told.
      Effect.orElseSucceed(models.render(request), () => undefined)
  return {
    request,
    manifest: Manifest.of(state, request),
    ...(pieces === undefined ? {} : { wire: Manifest.wire(pieces, request, state) })
  }
})

/** The request of a turn, from the log alone: what was sent, byte for byte, and where all of it came from. */
export const sent = Effect.fnUntraced(function* (sessionId: SessionId, turnId: TurnId) {
  const sessions = yield* SessionManager
  const state = new SessionState()
  for (const entry of yield* sessions.read(sessionId, 0)) {
    state.push(entry)
    const { event } = entry
    if (event._tag !== "TurnStarted" || event.turnId !== turnId) continue
    if (event.purpose !== undefined)
      return yield* new InvalidMessage({
        problem: `${turnId} sums up what a compaction left out; it was not sent the conversation`
      })
    const { endpoint, model: ref, settings } = event
    const request = requestOf(state, {
      ref,
      ...(settings === undefined ? {} : { settings }),
      ...(endpoint === undefined ? {} : { endpoint })
    })
    const context: RequestContext = {
      ...(yield* told(state, request)),
      size: event.size ?? RequestSize.estimate(request)
    }
    return context
  }
  return yield* new InvalidMessage({
    problem: `The session has no turn ${turnId}; \`parley sessions show\` lists them`
  })
})
