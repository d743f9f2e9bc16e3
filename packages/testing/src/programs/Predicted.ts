import { type RoundId, turnId, callId, type TurnId } from "@parley/domain/Ids"
import type { EngineLimits, Sent } from "./Sent.ts"
import { attemptsOf, markOf, type ProgramAttempt, cutInput, deniedReason, inputOf } from "./ProgramScripts.ts"
import type { Block, ToolCall } from "@parley/domain/Content"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { ToolOutcome } from "@parley/domain/Tool"
import { type Usage, zero } from "@parley/domain/Usage"
import * as Chunks from "../parts/Chunks.ts"
import type { ProgramScript, ProgramTool, ProgramTurn } from "./Programs.ts"

/** The expected result of an undisturbed turn, and the possible outcomes of each of its calls. */
interface PredictedTurn {
  readonly status: "TurnCompleted" | "TurnFailed" | "TurnInterrupted" | "hangs"
  readonly stop?: StopReason
  readonly content: ReadonlyArray<Block>
  readonly outcomes: ReadonlyArray<ReadonlyArray<ToolOutcome>>
  readonly usage: Usage
}

const textBlocks = (words: string) => [{ _tag: "Text" as const, text: words }]
const failed = (words: string): ToolOutcome => ({ _tag: "Failed", content: textBlocks(words) })
const noTool = (name: string) => failed(`There is no tool ${JSON.stringify(name)}`)

/** The possible outcomes of an undisturbed call. */
const outcomesOf = (kind: ProgramTool, input: string, configs: Sent["configs"]): ReadonlyArray<ToolOutcome> => {
  const echo: ToolOutcome = { _tag: "Succeeded", content: textBlocks(input) }
  switch (kind) {
    case "echo":
      return [...new Set(configs.map((config) => config.echo))].map((there) => (there ? echo : noTool("echo")))
    case "slow":
    case "slower":
      return [echo]
    case "fails":
      return [failed("no")]
    case "dies":
      return [failed("The tool failed unexpectedly: bug in the tool")]
    case "lost":
      return [{ _tag: "Unknown", reason: "the connection closed" }]
    case "unknown":
      return [noTool("unknown")]
    case "malformed":
      return [failed("The input is not a JSON object; nothing was run. Send the call again with a valid input")]
    case "hangs":
      return []
    case "asked":
      return [echo, { _tag: "Denied", reason: deniedReason }]
  }
}

const begun: Usage = { ...Chunks.usage, outputTokens: 1 }
/** How a turn and its round end, for each ending of a script. */
const endings: {
  readonly [E in ProgramScript["ending"]]: readonly [PredictedTurn["status"], StopReason | undefined, Usage, string]
} = {
  answer: ["TurnCompleted", "end", Chunks.usage, "completed:end"],
  "tool-calls-without-calls": ["TurnCompleted", "tool-calls", Chunks.usage, "failed:ModelError"],
  length: ["TurnCompleted", "length", Chunks.usage, "completed:length"],
  "stream-error": ["TurnFailed", undefined, begun, "failed:ModelError"],
  "silent-end": ["TurnFailed", undefined, begun, "failed:ModelError"],
  refusal: ["TurnFailed", undefined, Chunks.usage, "failed:ModelError"],
  overflow: ["TurnFailed", undefined, Chunks.usage, "failed:ModelError"],
  malformed: ["TurnFailed", undefined, begun, "failed:ModelError"],
  late: ["TurnFailed", undefined, Chunks.usage, "failed:ModelError"],
  dies: ["TurnInterrupted", undefined, begun, "failed:Defect"],
  silence: ["hangs", undefined, begun, "never"]
}

/** Endings that are temporary failures: the request is retried. */
const mayPass = new Set<ProgramScript["ending"]>(["silent-end", "malformed", "late"])

const cutReason = "the answer was cut off at the output limit, so this call may be incomplete. Send it again, shorter"

/** The expected result of one attempt as turn `turn` of its round. `mark` is the text that identifies the response. */
const predictTurn = (attempt: ProgramAttempt, { configs, script }: Sent, turn: TurnId, mark: string): PredictedTurn => {
  const call = (n: number, index: number, name: string, input: string): ToolCall => ({
    _tag: "ToolCall",
    callId: callId(turn, n),
    providerId: `provider_${index}`,
    name,
    input
  })
  const cut = call(1, 1, "echo", cutInput)
  if (attempt === "overloaded") return { status: "TurnFailed", content: [], outcomes: [], usage: zero }
  if (attempt === "broken")
    return { status: "TurnFailed", content: [...textBlocks(mark), cut], outcomes: [], usage: begun }
  if (attempt === "ending") {
    const [status, stop, usage] = endings[script.ending]
    const isCut = script.ending === "length"
    return {
      status,
      ...(stop === undefined ? {} : { stop }),
      content: [
        ...textBlocks(`${mark} the end${script.ending === "late" ? " and more" : ""}`),
        ...(isCut ? [cut] : [])
      ],
      outcomes: isCut ? [[{ _tag: "NotExecuted", reason: cutReason }]] : [],
      usage
    }
  }
  return {
    ...asking(attempt, mark, call),
    outcomes: attempt.tools.map((kind, n) => outcomesOf(kind, inputOf(kind, n + 1), configs))
  }
}

const asking = (
  { texts, thinks, tools }: ProgramTurn,
  mark: string,
  call: (n: number, index: number, name: string, input: string) => ToolCall
) => {
  const words = `let me see ${mark}`
  const raw = JSON.stringify({ thinking: words })
  const first = thinks ? 1 : 0
  return {
    status: "TurnCompleted" as const,
    stop: tools.length > 0 ? ("tool-calls" as const) : ("pause" as const),
    content: [
      ...(thinks ? [{ _tag: "Thinking" as const, provider: "scripted", text: words, raw }] : []),
      ...textBlocks([mark, ...texts].join("").toWellFormed()),
      ...tools.map((kind, n) => call(n + 1, first + 1 + n, kind, inputOf(kind, n + 1)))
    ],
    usage: Chunks.usage
  }
}

export interface Predicted {
  readonly turns: ReadonlyArray<PredictedTurn>
  /** `completed:<stop>` or `failed:<error>`; `never` when only a cancellation ends it. */
  readonly end: string
}

/** The expected round for an undisturbed message that is round `round` of its session. Each attempt is a separate turn. */
export const predict = (sent: Sent, round: RoundId, limits: EngineLimits): Predicted => {
  const { ending } = sent.script
  const turns: Array<PredictedTurn> = []
  const script = attemptsOf(sent.script)
  const last = script.flat().length - 1
  // A truncated call is requested once more, if the limits of the round allow it.
  const again: ReadonlyArray<ProgramAttempt> = ["ending"]
  const answers = ending === "length" && script.length < limits.turns ? [...script, again] : script
  const add = (attempt: ProgramAttempt) => {
    const mark = markOf(sent.text, Math.min(turns.length, last))
    turns.push(predictTurn(attempt, sent, turnId(round, turns.length + 1), mark))
  }
  for (const [i, attempts] of answers.entries()) {
    if (i === limits.turns) return { turns, end: "failed:CapReached" }
    for (const attempt of attempts.slice(0, limits.retries + 1)) add(attempt)
    if (attempts.length > limits.retries + 1) return { turns, end: "failed:ModelError" }
    // A temporary failure as the ending is retried as often as allowed, and fails every time.
    if (i === answers.length - 1 && mayPass.has(ending))
      for (let n = attempts.length; n <= limits.retries; n++) add("ending")
  }
  return { turns, end: endings[ending][3] }
}
