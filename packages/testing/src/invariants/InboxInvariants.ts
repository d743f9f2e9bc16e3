import type { PostId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { Violations } from "./Known.ts"

const ordinal = (id: PostId): number => Number(id.slice(1))

/**
 * Invariant 56: a message of the inbox is delivered at most once, in the order in which messages were sent: those that
 * started rounds among each other, and those that were delivered during rounds. No turn or call of a turn is open then.
 *
 * @since 0.1.0
 * @category functions
 */
export const deliveredOnce = (log: ReadonlyArray<LogEntry>): Violations => {
  const ids = new Set<string>()
  const open = new Set<string>()
  const last = { RoundStarted: 0, MessageDelivered: 0 }
  return log.flatMap(({ event, seq }) => {
    if (event._tag === "TurnStarted") open.add(event.turnId)
    if (event._tag === "TurnCompleted")
      for (const block of event.content) if (block._tag === "ToolCall") open.add(block.callId)
    if (event._tag === "TurnCompleted" || event._tag === "TurnFailed" || event._tag === "TurnInterrupted")
      open.delete(event.turnId)
    if (event._tag === "ToolSettled") open.delete(event.callId)
    if ((event._tag !== "RoundStarted" && event._tag !== "MessageDelivered") || event.messageId === undefined) return []
    const { _tag, messageId } = event
    const found = (words: string) => [`${_tag} at ${seq} delivers ${messageId} ${words}`]
    const [isRepeated, isLate] = [ids.has(messageId), ordinal(messageId) < last[_tag]]
    ids.add(messageId)
    last[_tag] = ordinal(messageId)
    if (isRepeated) return found("a second time")
    if (isLate) return found("after a later message")
    return _tag === "MessageDelivered" && open.size > 0 ? found(`while ${[...open].join()} is open`) : []
  })
}
