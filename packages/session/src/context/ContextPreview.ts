import type { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { SessionContext } from "@parley/domain/SessionContext"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Closing from "../log/Closing.ts"
import * as ContextBuilder from "./ContextBuilder.ts"
import * as DynamicSlots from "./DynamicSlots.ts"
import { Limits } from "../limits/Limits.ts"
import * as ModelChain from "../limits/ModelChain.ts"
import * as Request from "../limits/Request.ts"
import { requestOf, described } from "./RequestOrigins.ts"
import * as RequestEstimate from "./RequestEstimate.ts"
import { SessionState } from "../log/SessionState.ts"

const resolve =
  (id: SessionId): DynamicSlots.Resolve<never, McpManager> =>
  (calls, tools) =>
    DynamicSlots.callTools(calls, tools, {
      append: () => Effect.void,
      idempotencyKey: (callId) => [id, "preview", callId].join("/")
    })

/**
 * Builds the next request by applying to a copy of the session's fold what a round would do. Assumes that no round is
 * running: an open round is treated as left by a dead process.
 */
export const build = Effect.fnUntraced(function* (sessionId: SessionId, words: Request.UserMessage | undefined) {
  const sessions = yield* SessionManager
  const models = yield* ModelsManager
  const state = SessionState.of(yield* sessions.read(sessionId, 0))
  const at = yield* Clock.currentTimeMillis
  const pretend = (events: ReadonlyArray<SessionEvent>) => {
    for (const event of events) state.push({ seq: state.head + 1, at, event })
  }

  const { round } = state
  if (round?.open === true)
    pretend(Closing.events(state, { _tag: "RoundFailed", roundId: round.id, failure: Closing.processDied }))
  const roundId = state.nextRoundId
  const { effort, limits: own, model: chosen } = state.settings
  const validated =
    words === undefined
      ? { request: [], outside: [] }
      : yield* Effect.updateService(Request.validate(words), Limits, (limits) => ({ ...limits, ...own }))
  const info = yield* models.describe(chosen ?? (yield* models.preferred), effort)
  const { model } = yield* ModelChain.make(info, effort)
  const built = yield* ContextBuilder.build({
    state,
    roundId,
    mentions: Request.own(validated),
    model,
    refresh: [],
    run: resolve(sessionId)
  })
  pretend([{ _tag: "RoundStarted", roundId, ...validated }, built.event])

  const request = requestOf(state, model)
  const limit = RequestEstimate.limitOf(model)
  const context: SessionContext = {
    ...(yield* described(state, request)),
    size: yield* RequestEstimate.measure(state, request, limit),
    systemPrompt: { ...built.prompt, tools: request.tools },
    files: built.files,
    skipped: built.skipped,
    dynamicContext: built.dynamic,
    messages: request.messages,
    ...(limit === undefined ? {} : { limit })
  }
  return context
})
