import { ModelError, NoAnswer } from "@parley/domain/ModelError"
import type { TurnEnd } from "./TurnRunner.ts"

const isBlank = (text: string): boolean => text.trim() === ""

/**
 * Whether the calls of a turn are run. What a turn holds counts for more than its reason to stop, which servers that speak a
 * provider's API get wrong: only a call that may have been cut off is not run. A refusal or an error is no completed turn.
 */
export const asksForTools = ({ calls, stop }: TurnEnd): boolean => stop !== "length" && calls.length > 0

/** Whether the same request may be sent once more: nothing was said to it, and nothing of that is in the history. */
export const isNothing = ({ calls, empty, stop }: TurnEnd): boolean =>
  empty && calls.length === 0 && stop !== "length" && stop !== "pause"

/** Why a round cannot end as answered with this turn, if so. `saidBefore`: an earlier turn of it said something. */
export const unanswered = ({ calls, stop, text }: TurnEnd, saidBefore: boolean): ModelError | undefined => {
  const why = (detail: string) => new ModelError({ reason: new NoAnswer({ detail }) })
  if (stop === "tool-calls" && calls.length === 0) return why("it stopped to call tools and called none")
  if (saidBefore || !isBlank(text)) return undefined
  return why(
    stop === "length"
      ? "it reached the limit of its output before it had said anything; allow it a longer output"
      : "it stopped without having said anything"
  )
}

/** Whether the turn said something to the user. */
export const says = ({ text }: TurnEnd): boolean => !isBlank(text)
