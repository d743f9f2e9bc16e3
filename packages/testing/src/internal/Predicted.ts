import type { Block, ToolCall } from "@parley/domain/Content"
import { callId, type RoundId, turnId } from "@parley/domain/Ids"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { ToolOutcome } from "@parley/domain/Tool"
import type { Usage } from "@parley/domain/Usage"
import * as Chunks from "../Chunks.ts"
import type { ProgramConfig, ProgramScript, ProgramTool } from "../Programs.ts"
import { inputOf, markOf } from "./ProgramScripts.ts"

/**
 * What happened to a message: someone cancelled, its process died, the disk failed, its process lost its lease. `contended`:
 * another process worked on the session, so that the message may have been refused; a round it became is not disturbed.
 */
export type Disturbance = "cancel" | "crash" | "disk" | "writer" | "contended"

/** A message as the program sent it. */
export interface Sent {
  readonly text: string
  readonly script: ProgramScript
  readonly writer: number
  readonly disturbed: ReadonlySet<Disturbance>
  /** Every configuration that was in force while it was handled. */
  readonly configs: ReadonlyArray<ProgramConfig>
  /** How it ended for whoever sent it: a round's status, an error's tag, or nothing yet. */
  readonly answer: string | undefined
}

export interface EngineLimits {
  readonly turns: number
  readonly toolConcurrency: number
}

interface PredictedTurn {
  readonly status: "TurnCompleted" | "TurnFailed" | "TurnInterrupted" | "hangs"
  readonly stop?: StopReason
  readonly content: ReadonlyArray<Block>
  readonly outcomes: ReadonlyArray<ReadonlyArray<ToolOutcome>>
  readonly usage: Usage
}

export interface Predicted {
  readonly turns: ReadonlyArray<PredictedTurn>
  /** `completed:<stop>` or `failed:<error>`; `never` when only a cancellation ends it. */
  readonly end: string
}

const said = (words: string) => [{ _tag: "Text" as const, text: words }]
const failed = (words: string): ToolOutcome => ({ _tag: "Failed", content: said(words) })
const noTool = (name: string) => failed(`There is no tool ${JSON.stringify(name)}`)

/** The outcomes a call may have when nobody disturbs it. */
const outcomesOf = (kind: ProgramTool, input: string, configs: Sent["configs"]): ReadonlyArray<ToolOutcome> => {
  const echo: ToolOutcome = { _tag: "Succeeded", content: said(input) }
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
  }
}

const begun: Usage = { ...Chunks.usage, outputTokens: 1 }
const endings: {
  readonly [E in ProgramScript["ending"]]: readonly [PredictedTurn["status"], StopReason | undefined, Usage, string]
} = {
  answer: ["TurnCompleted", "end", Chunks.usage, "completed:end"],
  "tool-calls-without-calls": ["TurnCompleted", "tool-calls", Chunks.usage, "completed:tool-calls"],
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

/** What comes of a message that nothing happens to, as round `round` of its session. */
export const predict = (sent: Sent, round: RoundId, limits: EngineLimits): Predicted => {
  const { script, text: message } = sent
  const call = (turn: number, n: number, index: number, name: string, input: string): ToolCall => ({
    _tag: "ToolCall",
    callId: callId(turnId(round, turn), n),
    providerId: `provider_${index}`,
    name,
    input
  })
  const turns = script.turns.map(({ texts, thinks, tools }, i): PredictedTurn => {
    const mark = markOf(message, i)
    const words = `let me see ${mark}`
    const raw = JSON.stringify({ thinking: words })
    const first = thinks ? 1 : 0
    return {
      status: "TurnCompleted",
      stop: tools.length > 0 ? "tool-calls" : "pause",
      content: [
        ...(thinks ? [{ _tag: "Thinking" as const, provider: "scripted", text: words, raw }] : []),
        ...said([mark, ...texts].join("").toWellFormed()),
        ...tools.map((kind, n) => call(i + 1, n + 1, first + 1 + n, kind, inputOf(kind, n + 1)))
      ],
      outcomes: tools.map((kind, n) => outcomesOf(kind, inputOf(kind, n + 1), sent.configs)),
      usage: Chunks.usage
    }
  })
  if (turns.length >= limits.turns) return { turns: turns.slice(0, limits.turns), end: "failed:CapReached" }
  const [status, stop, usage, end] = endings[script.ending]
  const tail = script.ending === "late" ? " and more" : ""
  const reason = "the answer was cut off at the output limit, so this call may be incomplete. Send it again, shorter"
  const last = (turn: number): PredictedTurn => {
    const cut = script.ending === "length" ? [call(turn, 1, 1, "echo", '{"n":')] : []
    const content = [...said(`${markOf(message, turns.length)} the end${tail}`), ...cut]
    const outcomes = cut.map((): ReadonlyArray<ToolOutcome> => [{ _tag: "NotExecuted", reason }])
    return { status, ...(stop === undefined ? {} : { stop }), content, outcomes, usage }
  }
  // A call that was cut off is asked for once more.
  const again = script.ending === "length" && turns.length + 1 < limits.turns ? [last(turns.length + 2)] : []
  return { turns: [...turns, last(turns.length + 1), ...again], end }
}
