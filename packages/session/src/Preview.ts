import type { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { SessionContext } from "@parley/domain/SessionContext"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Closing from "./Closing.ts"
import * as ContextBuilder from "./ContextBuilder.ts"
import type * as DynamicSlots from "./DynamicSlots.ts"
import * as Request from "./Request.ts"
import { requestOf, told } from "./RequestOrigins.ts"
import * as RequestSize from "./RequestSize.ts"
import { SessionState } from "./SessionState.ts"
import * as SlotCalls from "./SlotCalls.ts"

const resolve =
  (id: SessionId): DynamicSlots.Resolve<never, McpManager> =>
  (calls, tools) =>
    SlotCalls.run(calls, tools, {
      append: () => Effect.void,
      keyOf: (callId) => [id, "preview", callId].join("/")
    })

/**
 * The next request, by doing to a copy of the session's fold what a round would do to the session. An open round is taken
 * as lost: previews are for sessions at rest.
 */
export const build = Effect.fnUntraced(function* (sessionId: SessionId, words: Request.Said | undefined) {
  const sessions = yield* SessionManager
  const models = yield* ModelsManager
  const state = new SessionState()
  for (const entry of yield* sessions.read(sessionId, 0)) state.push(entry)
  const at = yield* Clock.currentTimeMillis
  const pretend = (events: ReadonlyArray<SessionEvent>) => {
    for (const event of events) state.push({ seq: state.head + 1, at, event })
  }

  const { round } = state
  if (round?.open === true)
    pretend(Closing.events(state, { _tag: "RoundFailed", roundId: round.id, failure: Closing.processDied }))
  const roundId = state.nextRoundId
  const said = words === undefined ? { request: [], outside: [] } : yield* Request.validate(words)
  const model = yield* models.describe(yield* models.preferred)
  const built = yield* ContextBuilder.build({
    state,
    roundId,
    mentions: Request.own(said),
    accepts: model.accepts ?? {},
    refresh: [],
    run: resolve(sessionId)
  })
  pretend([{ _tag: "RoundStarted", roundId, ...said }, built.event])

  const request = requestOf(state, model)
  const limit = RequestSize.limitOf(model)
  const context: SessionContext = {
    ...(yield* told(state, request)),
    size: yield* RequestSize.measure(state, request, limit),
    systemPrompt: { ...built.prompt, tools: request.tools },
    files: built.files,
    skipped: built.skipped,
    dynamicContext: built.dynamic,
    messages: request.messages,
    ...(limit === undefined ? {} : { limit })
  }
  return context
})
