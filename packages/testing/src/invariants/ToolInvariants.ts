import type { LogEntry } from "@parley/domain/SessionEvent"
import type { RecordedCall, Violations } from "./Known.ts"

/**
 * Invariant 17: no call reaches a tool twice, even across process restarts, unless the user marked it safe to repeat.
 *
 * @since 0.1.0
 * @category functions
 */
export const atMostOnce = (calls: ReadonlyArray<RecordedCall>): Violations => {
  const seen = new Set<string>()
  return calls.flatMap(({ key, preview, safeToRepeat }) => {
    const again = seen.has(key) && !preview && safeToRepeat !== true
    seen.add(key)
    return again ? [`call ${key} reached a tool twice`] : []
  })
}

/**
 * Invariant 15: the start of a call is stored before the call reaches a tool.
 *
 * @since 0.1.0
 * @category functions
 */
export const intentStored = (calls: ReadonlyArray<RecordedCall>): Violations =>
  calls.flatMap(({ key, preview, startStored }) =>
    preview || startStored ? [] : [`call ${key} reached a tool before its start was stored`]
  )

/**
 * Invariant 16: the turn that requested a call is stored as completed before the call reaches a tool.
 *
 * @since 0.1.0
 * @category functions
 */
export const turnStoredFirst = (calls: ReadonlyArray<RecordedCall>): Violations =>
  calls.flatMap(({ key, preview, turnStored }) =>
    preview || turnStored ? [] : [`call ${key} reached a tool before its turn was stored`]
  )

const idOf = (key: string) => key.split("/").at(-1) ?? ""

/**
 * Invariant 18: a call with the outcome `NotExecuted`, or without a stored start, never reached a tool.
 *
 * @since 0.1.0
 * @category functions
 */
export const unknownIsHonest = (log: ReadonlyArray<LogEntry>, calls: ReadonlyArray<RecordedCall>): Violations => {
  const reached = new Set(calls.filter(({ preview }) => !preview).map(({ key }) => idOf(key)))
  return log.flatMap(({ event }) =>
    event._tag === "ToolSettled" && event.outcome._tag === "NotExecuted" && reached.has(event.callId)
      ? [`call ${event.callId} reached a tool and is called not executed`]
      : []
  )
}

/**
 * Invariant 20: no more calls of one turn run concurrently than the limit allows.
 *
 * @since 0.1.0
 * @category functions
 */
export const concurrencyBound = (calls: ReadonlyArray<RecordedCall>, limit: number): Violations =>
  calls.flatMap(({ beside, key }) => (beside < limit ? [] : [`call ${key} ran beside ${beside} others`]))

/**
 * Invariant 22: calls of truncated or incomplete turns, and malformed calls, never reach a tool.
 *
 * @since 0.1.0
 * @category functions
 */
export const noneFromBadTurns = (log: ReadonlyArray<LogEntry>, calls: ReadonlyArray<RecordedCall>): Violations => {
  const reached = new Set(calls.filter(({ preview }) => !preview).map(({ key }) => idOf(key)))
  const isObject = (text: string) => /^\s*\{[^]*\}\s*$/.test(text)
  return log.flatMap(({ event }) => {
    if (event._tag !== "TurnCompleted" && event._tag !== "TurnFailed" && event._tag !== "TurnInterrupted") return []
    const good = event._tag === "TurnCompleted" && event.stop !== "length"
    return event.content.flatMap((block) =>
      block._tag === "ToolCall" && reached.has(block.callId) && !(good && isObject(block.input))
        ? [`call ${block.callId} of ${event._tag} reached a tool`]
        : []
    )
  })
}
