import type { TurnId } from "@parley/domain/Ids"
import { format } from "@parley/domain/ModelRef"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { Violations } from "./Known.ts"

/**
 * Each attempt is a turn with a new id. A retry follows a failed turn, no earlier than its `RetryScheduled` announced, and
 * asks the model that this names, or else the model of the failed turn. No other model is asked once a part of the response
 * is stored.
 *
 * @since 0.1.0
 * @category functions
 */
export const retriesAreNew = (log: ReadonlyArray<LogEntry>): Violations => {
  const ids = new Set<TurnId>()
  let latest = ""
  return log.flatMap(({ at, event }, i) => {
    if (event._tag === "RetryScheduled") {
      const failed = log[i - 1]?.event
      if (failed?._tag !== "TurnFailed" || failed.turnId !== event.turnId)
        return [`a retry of ${event.turnId} is scheduled after ${failed?._tag}`]
      return event.model !== undefined && failed.content.length > 0
        ? [`another model is asked after ${event.turnId}, of which a part is stored`]
        : []
    }
    if (event._tag !== "TurnStarted") return []
    const found = ids.has(event.turnId) ? [`turn ${event.turnId} started twice`] : []
    const model = format(event.model)
    ids.add(event.turnId)
    const before = log[i - 1]
    // A request without the thinking that the provider refused is a different request and is sent without delay.
    const isOther = event.purpose !== undefined || event.thinking === "dropped"
    if (before?.event._tag === "TurnFailed" && !isOther) found.push(`turn ${event.turnId} retries unannounced`)
    if (before?.event._tag === "RetryScheduled") {
      const { model: named } = before.event
      const expected = named === undefined ? latest : format(named)
      if (model !== expected) found.push(`turn ${event.turnId} asks ${model} and not ${expected}`)
    }
    latest = model
    if (before?.event._tag === "RetryScheduled" && at < before.at + before.event.delayMillis)
      found.push(`turn ${event.turnId} came ${at - before.at} ms after the failure, not ${before.event.delayMillis}`)
    return found
  })
}
