import type { Question } from "@parley/domain/Question"
import * as SessionFold from "@parley/domain/SessionFold"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"

/** How many events at the end of a log are read first. A round that waits has few events after its last turn. */
const tail = 200

/**
 * The open questions of a session's open round, from the end of its log. Reading it does not depend on the length of the
 * history, unless the last turn has very many calls. A damaged session has none.
 *
 * @since 0.1.0
 * @category functions
 */
export const openQuestions = Effect.fnUntraced(function* ({ head, id, open }: SessionInfo) {
  if (!open) return []
  const sessions = yield* SessionManager
  const read = (after: number) => Effect.orElseSucceed(sessions.read(id, after), () => [])
  const latest = yield* read(Math.max(0, head - tail))
  const isWhole = latest.some(({ event }) => event._tag === "TurnCompleted" || event._tag === "RoundStarted")
  const entries = isWhole ? latest : yield* read(0)
  const questions = new Map<string, Question>()
  for (const { event } of entries) {
    if (event._tag === "QuestionAsked") questions.set(event.questionId, event)
    if (event._tag === "QuestionAnswered") questions.delete(event.questionId)
    if (event._tag === "RoundStarted") questions.clear()
  }
  return [...questions.values()]
})

/**
 * The latest round of a session, if it waits for answers without any other open work.
 *
 * @since 0.1.0
 * @category functions
 */
export const waiting = Effect.fnUntraced(function* (id: SessionInfo["id"]) {
  const sessions = yield* SessionManager
  const last = SessionFold.fromEvents(id, yield* sessions.read(id, 0)).rounds.at(-1)
  return last?.status === "waiting" ? last : undefined
})
