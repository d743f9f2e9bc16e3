import type { LogEntry } from "@parley/domain/SessionEvent"
import type { Violations } from "./Known.ts"

/**
 * Invariant 54: a round has an answer as a value exactly if it has an output schema and is complete. An answer is rejected at
 * most once in a round, after its turn, and only such rounds have calls that give an answer.
 *
 * @since 0.1.0
 * @category functions
 */
export const answersFollow = (log: ReadonlyArray<LogEntry>): Violations => {
  let hasSchema = false
  let rejected = 0
  let completed = ""
  return log.flatMap(({ event, seq }) => {
    const found = (words: string) => [`${event._tag} at ${seq} ${words}`]
    switch (event._tag) {
      case "RoundStarted":
        hasSchema = event.outputSchema !== undefined
        rejected = 0
        return []
      case "TurnCompleted":
        completed = event.turnId
        return []
      case "OutputRejected":
        if (!hasSchema) return found("is in a round without an output schema")
        if (event.turnId !== completed) return found(`is about ${event.turnId}, which is not complete`)
        return ++rejected > 1 ? found("is the second one in its round") : []
      case "ToolSettled":
        return event.outcome._tag === "Answered" && !hasSchema ? found("answers without an output schema") : []
      case "RoundCompleted":
        if (hasSchema === (event.output !== undefined)) return []
        return found(hasSchema ? "has no value" : "has a value without an output schema")
      default:
        return []
    }
  })
}
