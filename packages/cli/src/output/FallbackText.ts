import type { AskedEffort } from "@parley/app/FallbackEfforts"
import { type ModelErrorReason, skippedText } from "@parley/domain/ModelError"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import type { EventOf, LogEntry } from "@parley/domain/SessionEvent"

/** What is wrong with a model that another one is asked for. */
const troubles: { readonly [Tag in ModelErrorReason["_tag"]]?: string } = {
  RateLimited: "has reached its rate limit",
  Overloaded: "is overloaded or failing",
  QuotaExhausted: "has no credit left, or has reached its spend limit",
  Unreachable: "cannot be reached",
  StreamBroken: "broke off before it answered",
  Stalled: "does not respond"
}

const troubleOf = (reason: string | undefined): string =>
  Object.entries(troubles).find(([tag]) => tag === reason)?.[1] ?? "failed"

/** One line about a change to a fallback model. Undefined for a retry with the same model. */
export const line = (from: ModelRef, { failure, model, skipped = [] }: EventOf<"RetryScheduled">): string | undefined =>
  model === undefined
    ? undefined
    : `↻ ${format(from)} ${troubleOf(failure.reason)}; trying ${format(model)}` +
      (skipped.length === 0 ? "" : ` (${skippedText(skipped)})`)

/** The lines about the changes to fallback models in these entries. */
export const linesIn = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<string> => {
  let asked: ModelRef | undefined
  return entries.flatMap(({ event }) => {
    if (event._tag === "TurnStarted") asked = event.model
    const found = event._tag === "RetryScheduled" && asked !== undefined ? line(asked, event) : undefined
    return found === undefined ? [] : [found]
  })
}

/** What a fallback model is asked for, if it does not take the effort that the user wants. */
export const effortLine = ({ asked, known, model, wanted }: AskedEffort): string => {
  const why = known ? `does not take the effort ${wanted}` : `may not take the effort ${wanted}`
  return `${format(model)} ${why}; as a fallback model, it ${asked === undefined ? "decides how much it thinks" : `is asked for ${asked}`}`
}
