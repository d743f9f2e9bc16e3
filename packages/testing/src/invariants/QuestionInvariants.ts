import type { CallId, QuestionId } from "@parley/domain/Ids"
import { endsRound, type EventOf, type LogEntry } from "@parley/domain/SessionEvent"
import type { Violations } from "./Known.ts"

interface Asked {
  readonly asked: EventOf<"QuestionAsked">
  answer?: EventOf<"QuestionAnswered">["answer"]
}

/**
 * Whether a log ends with a round that waits for answers: all that is open are calls that never started, and one of them was
 * asked about.
 *
 * @since 0.1.0
 * @category functions
 */
export const isWaiting = (log: ReadonlyArray<LogEntry>): boolean => {
  const open = new Map<CallId, "requested" | "started">()
  const asked = new Set<CallId>()
  let turn = false
  for (const { event } of log) {
    if (event._tag === "RoundStarted" || endsRound(event)) {
      open.clear()
      asked.clear()
    }
    if (event._tag === "ContextCallRequested") open.set(event.callId, "requested")
    if (event._tag === "TurnStarted") turn = true
    if (event._tag === "TurnCompleted" || event._tag === "TurnFailed" || event._tag === "TurnInterrupted") turn = false
    if (event._tag === "TurnCompleted")
      for (const block of event.content) if (block._tag === "ToolCall") open.set(block.callId, "requested")
    if (event._tag === "QuestionAsked" && event.subject._tag === "Approval") asked.add(event.callId)
    if (event._tag === "ToolStarted") open.set(event.callId, "started")
    if (event._tag === "ToolSettled") open.delete(event.callId)
  }
  return (
    !turn && [...open.values()].every((state) => state === "requested") && [...open.keys()].some((id) => asked.has(id))
  )
}

/**
 * Invariant 55: a question is asked once and answered at most once, while its round is open. A call that was asked about
 * runs only after the answer to its latest question allows it, and a person's decision is that answer.
 *
 * @since 0.1.0
 * @category functions
 */
export const answeredFirst = (log: ReadonlyArray<LogEntry>): Violations => {
  const questions = new Map<QuestionId, Asked>()
  const approvals = new Map<CallId, Asked>()
  return log.flatMap(({ event, seq }) => {
    const found = (words: string) => [`${event._tag} at ${seq} ${words}`]
    switch (event._tag) {
      case "QuestionAsked": {
        if (questions.has(event.questionId)) return found("is asked a second time")
        const asked: Asked = { asked: event }
        questions.set(event.questionId, asked)
        if (event.subject._tag === "Approval") approvals.set(event.callId, asked)
        return []
      }
      case "QuestionAnswered": {
        const question = questions.get(event.questionId)
        if (question === undefined) return found("answers a question that was not asked")
        if (question.asked.roundId !== event.roundId) return found("answers a question of another round")
        if (question.answer !== undefined) return found("is the second answer")
        question.answer = event.answer
        return []
      }
      case "ToolStarted": {
        const approval = approvals.get(event.callId)
        if (approval === undefined) return []
        const { answer } = approval
        return answer !== undefined && "allowed" in answer && answer.allowed
          ? []
          : found(`starts ${event.callId}, which was not allowed`)
      }
      default:
        return []
    }
  })
}
