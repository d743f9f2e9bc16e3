import type { UserBlock } from "@parley/domain/Content"
import type { Segment } from "@parley/domain/ContextManifest"
import type { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { Message } from "@parley/domain/Message"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { SessionContext } from "@parley/domain/SessionContext"
import type { Baseline, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { segment } from "@parley/prompt/Digest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Closing from "./Closing.ts"
import * as ContextBuilder from "./ContextBuilder.ts"
import type * as DynamicSlots from "./DynamicSlots.ts"
import * as Request from "./Request.ts"
import { SessionState } from "./SessionState.ts"
import * as SlotCalls from "./SlotCalls.ts"

const history = (messages: ReadonlyArray<Message>): ReadonlyArray<Segment> =>
  messages.map((message, i) =>
    segment("history", { source: `message:${i + 1}:${message.role}`, text: JSON.stringify(message) })
  )

const words = (content: ReadonlyArray<UserBlock>): ReadonlyArray<Segment> =>
  content.length === 0 ? [] : [segment("round", { source: "request", text: JSON.stringify(content) })]

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
export const build = Effect.fnUntraced(function* (
  sessionId: SessionId,
  request: string | ReadonlyArray<UserBlock> | undefined
) {
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
  const earlier = state.history.messages()
  const roundId = state.nextRoundId
  const content = request === undefined ? [] : yield* Request.validate(request)
  const model = yield* models.describe(yield* models.preferred)
  const built = yield* ContextBuilder.build({
    state,
    roundId,
    request: content,
    accepts: model.accepts ?? {},
    refresh: [],
    run: resolve(sessionId)
  })
  pretend([{ _tag: "RoundStarted", roundId, request: content }, built.event])

  const messages = state.history.messages()
  const { baseline } = state
  const system = baseline?.system ?? ""
  const tools = baseline?.tools ?? []
  const segments = built.event.manifest
  const context: SessionContext = {
    systemPrompt: { ...built.prompt, tools },
    files: built.files,
    skipped: built.skipped,
    dynamicContext: built.dynamic,
    messages,
    request: { model: model.ref, system, tools, messages },
    manifest: [
      ...(built.event.baseline === undefined && baseline !== undefined ? stored(baseline) : []),
      ...history(earlier),
      ...segments,
      ...words(content)
    ]
  }
  return context
})

/** A baseline from an earlier round: its tools, and its text as one segment, whose parts are in that round's manifest. */
const stored = ({ key, system, tools }: Baseline): ReadonlyArray<Segment> => [
  ...tools.map((tool) => segment("tools", { source: `tool:${tool.name}`, text: JSON.stringify(tool) })),
  ...(system === "" ? [] : [segment("system", { source: `baseline:${key}`, text: system })])
]
