import type { ToolCall } from "@parley/domain/Content"
import { CapReached } from "@parley/domain/Errors"
import { ModelError, NoAnswer } from "@parley/domain/ModelError"
import type { OutputInvalid } from "@parley/domain/OutputSchema"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type * as Schema from "effect/Schema"
import type { RoundLimits } from "../limits/Limits.ts"
import type { TurnEnd } from "../turn/TurnRunner.ts"

/** The step that follows a completed turn. */
export type NextStep =
  /** Its tool calls run, and their results are sent. */
  | { readonly _tag: "RunTools" }
  /** The turn was empty: the same request is sent once more. */
  | { readonly _tag: "AskAgain" }
  /** A tool call was cut off at the output limit: the model may send a shorter one. */
  | { readonly _tag: "RetryShorter" }
  /** The provider paused the turn: the same request is sent again with the response so far. */
  | { readonly _tag: "Resume" }
  /** The round is complete. */
  | { readonly _tag: "Finish"; readonly stop: StopReason; readonly output?: Schema.Json }
  /** The round would be complete, but a message was delivered, and the model responds to it. See `Steering`. */
  | { readonly _tag: "Continue" }
  /** The answer does not follow the round's output schema: the model is told what is wrong. See `OutputSteps`. */
  | { readonly _tag: "Repair" }
  /** The turn is not a valid response; the round fails. */
  | { readonly _tag: "Fail"; readonly error: ModelError | OutputInvalid }
  /** The model repeats the same call too often; the round fails. */
  | { readonly _tag: "Repeats"; readonly error: CapReached }

const isBlank = (text: string): boolean => text.trim() === ""

/**
 * Whether the calls of a turn are run. The content of the turn takes precedence over its stop reason, which some servers
 * with a provider-compatible API report incorrectly. Only calls that may have been cut off are not run.
 */
const asksForTools = ({ calls, stop }: TurnEnd): boolean => stop !== "length" && calls.length > 0

/** Whether the turn adds nothing to the history, so that the same request can be sent once more. */
const isNothing = ({ calls, empty, stop }: TurnEnd): boolean =>
  empty && calls.length === 0 && stop !== "length" && stop !== "pause"

const isCutOff = ({ calls, stop }: TurnEnd): boolean => stop === "length" && calls.length > 0

const unanswered = ({ calls, stop, text }: TurnEnd, answeredBefore: boolean): ModelError | undefined => {
  const why = (detail: string) => new ModelError({ reason: new NoAnswer({ detail }) })
  if (stop === "tool-calls" && calls.length === 0) return why("it stopped to call tools but requested none")
  if (answeredBefore || !isBlank(text)) return undefined
  return why(
    stop === "length"
      ? "it reached its output limit before it produced any text; raise the output limit"
      : "it stopped without producing any text"
  )
}

/** The progress of a round, as far as the next step depends on it. */
export class RoundProgress {
  /** The number of completed turns; failed attempts do not count. */
  turns = 0
  private readonly limits: Pick<RoundLimits, "turns" | "identicalCalls">
  private readonly calls = new Map<string, number>()
  private hasText = false
  private askedAgain = false
  private wasCutOff = false

  constructor(limits: Pick<RoundLimits, "turns" | "identicalCalls">) {
    this.limits = limits
  }

  /** Records a completed turn and decides the next step. Must be called exactly once for each turn. */
  advance(end: TurnEnd): NextStep {
    this.turns++
    const step = this.stepAfter(end)
    this.hasText ||= !isBlank(end.text)
    this.askedAgain ||= step._tag === "AskAgain"
    this.wasCutOff = isCutOff(end)
    return step
  }

  private stepAfter(end: TurnEnd): NextStep {
    const { identicalCalls, turns } = this.limits
    if (asksForTools(end)) {
      // A model that repeats itself does not notice it.
      return this.countCalls(end.calls) > identicalCalls
        ? { _tag: "Repeats", error: new CapReached({ cap: "identicalCalls", limit: identicalCalls }) }
        : { _tag: "RunTools" }
    }
    const hasTurnsLeft = this.turns < turns
    if (isNothing(end) && !this.askedAgain && hasTurnsLeft) return { _tag: "AskAgain" }
    if (end.stop === "pause") return { _tag: "Resume" }
    // After two consecutive cut-off calls, a third one would be cut off as well.
    if (isCutOff(end) && !this.wasCutOff && hasTurnsLeft) return { _tag: "RetryShorter" }
    const error = unanswered(end, this.hasText)
    return error === undefined ? { _tag: "Finish", stop: end.stop } : { _tag: "Fail", error }
  }

  /** Counts the calls, and returns the highest count among them within this round. */
  private countCalls(calls: ReadonlyArray<ToolCall>): number {
    for (const { input, name } of calls) {
      const key = `${name} ${input}`
      this.calls.set(key, (this.calls.get(key) ?? 0) + 1)
    }
    return Math.max(...calls.map(({ input, name }) => this.calls.get(`${name} ${input}`) ?? 0))
  }
}
