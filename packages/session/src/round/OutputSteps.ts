import { text, type ToolCall } from "@parley/domain/Content"
import type { RoundId } from "@parley/domain/Ids"
import { OutputInvalid, type OutputProblem, problemText } from "@parley/domain/OutputSchema"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { failed } from "@parley/domain/Tool"
import * as Result from "effect/Result"
import { settle } from "../log/Closing.ts"
import * as OutputVerdict from "../output/OutputVerdict.ts"
import type { StructuredOutput } from "../output/StructuredOutput.ts"
import type { TurnEnd } from "../turn/TurnRunner.ts"
import type { NextStep } from "./NextStep.ts"

/** What a turn of a round with an output schema leads to. */
export interface OutputStep {
  readonly step: NextStep
  /** The calls that run. A call that gives an answer is not among them. */
  readonly calls: ReadonlyArray<ToolCall>
  /** What becomes of the calls that give an answer, and whether the model has to correct it. */
  readonly events: ReadonlyArray<SessionEvent>
}

const premature =
  "the answer has to be given alone. Wait for the results of the other calls, then give the answer that follows from them"
const onlyOne = "only one answer can be given, and another call of the same response gave it"

/**
 * Turns the end of a round with an output schema into its answer. An answer that does not follow the schema is sent back to
 * the model once; the next one that does not ends the round with `OutputInvalid`.
 */
export class OutputSteps {
  private readonly output: StructuredOutput
  private readonly roundId: RoundId
  private readonly tool: string | undefined
  private hasRepaired = false
  /** The text of a response that the provider paused, and that the next one continues. */
  private begun = ""

  constructor(options: {
    readonly output: StructuredOutput
    readonly roundId: RoundId
    /** The tool by which the answer is given, if the provider does not hold the response to the schema itself. */
    readonly tool: string | undefined
  }) {
    this.output = options.output
    this.roundId = options.roundId
    this.tool = options.tool
  }

  /** Must be called exactly once for each turn, with the step that would follow without an output schema. */
  after(step: NextStep, end: TurnEnd): OutputStep {
    const answers = end.calls.filter(({ name }) => name === this.tool)
    const calls = end.calls.filter(({ name }) => name !== this.tool)
    const whole = this.begun + end.text
    this.begun = step._tag === "Resume" ? whole : ""
    const [answer, ...others] = answers
    if (step._tag === "Finish") return { calls, ...this.byText(end, whole) }
    if (step._tag !== "RunTools" || answer === undefined) return { step, calls: end.calls, events: [] }
    if (calls.length > 0) return { step, calls, events: answers.map((call) => unrun(call, premature)) }
    const given = this.byCall(end, answer)
    return { calls, ...given, events: [...given.events, ...others.map((call) => unrun(call, onlyOne))] }
  }

  private byText(end: TurnEnd, json: string): Omit<OutputStep, "calls"> {
    const verdict = OutputVerdict.judge(this.output, json)
    if (Result.isSuccess(verdict))
      return { step: { _tag: "Finish", stop: end.stop, output: verdict.success }, events: [] }
    const problems = end.stop === "length" ? [cutOff, ...verdict.failure] : verdict.failure
    const how = this.tool === undefined ? "as JSON, and nothing else" : `by a call of the tool ${this.tool}`
    const message = `Your answer does not follow the required schema: ${problemText(problems)}. Correct it, and give the whole answer again ${how}.`
    return this.reject(end, problems, json, message)
  }

  private byCall(end: TurnEnd, { callId, input }: ToolCall): Omit<OutputStep, "calls"> {
    const verdict = OutputVerdict.judge(this.output, input)
    if (Result.isSuccess(verdict))
      return {
        step: { _tag: "Finish", stop: "end", output: verdict.success },
        events: [settle(callId, { _tag: "Answered", content: [text("The answer was accepted.")] })]
      }
    const message = `The answer does not follow the schema of this tool: ${problemText(verdict.failure)}. Correct it, and call the tool again.`
    const { events, step } = this.reject(end, verdict.failure, input)
    return { step, events: [...events, settle(callId, failed(message))] }
  }

  /** The rejection is recorded only if the model gets the chance to correct the answer. */
  private reject(
    { id: turnId }: TurnEnd,
    problems: ReadonlyArray<OutputProblem>,
    answer: string,
    message?: string
  ): Omit<OutputStep, "calls"> {
    if (this.hasRepaired)
      return { step: { _tag: "Fail", error: new OutputInvalid({ problems, text: answer }) }, events: [] }
    this.hasRepaired = true
    const { roundId } = this
    const told = message === undefined ? {} : { message }
    return { step: { _tag: "Repair" }, events: [{ _tag: "OutputRejected", roundId, turnId, problems, ...told }] }
  }
}

const cutOff: OutputProblem = {
  path: "",
  problem: "the answer was cut off at the output limit, so it has to be shorter"
}

const unrun = ({ callId }: ToolCall, reason: string): SessionEvent => settle(callId, { _tag: "NotExecuted", reason })
