import { text, type ResultContent, type UserBlock } from "@parley/domain/Content"
import { callId, roundId, type RoundId, type TurnId, turnId } from "@parley/domain/Ids"
import * as JsonText from "@parley/domain/JsonText"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { unknown } from "@parley/domain/Tool"
import { type Usage, zero } from "@parley/domain/Usage"

/** A block of an answer in a file of another program. A call has the id that its result refers to. */
export type ForeignBlock =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Thinking"; readonly text: string }
  | { readonly _tag: "Call"; readonly id: string; readonly name: string; readonly input: string }

/** A message of the user, or an answer of the model. */
export type ForeignStep =
  | { readonly _tag: "Message"; readonly at: number; readonly content: ReadonlyArray<UserBlock> }
  | {
      readonly _tag: "Turn"
      readonly at: number
      readonly model: ModelRef
      readonly content: ReadonlyArray<ForeignBlock>
      readonly usage?: Usage | undefined
    }

export interface ForeignResult {
  readonly at: number
  readonly isError: boolean
  readonly content: ReadonlyArray<ResultContent>
}

/** Something of a file that the session does not have, or has in another form. */
export interface ImportNotice {
  /** Counts from 1. Absent if the notice is about several lines. */
  readonly line?: number | undefined
  readonly problem: string
}

/** What a file of another program contains. */
export interface Foreign {
  /** The program whose file it is. */
  readonly program: string
  readonly title?: string | undefined
  readonly steps: ReadonlyArray<ForeignStep>
  /** By the id of the call. */
  readonly results: ReadonlyMap<string, ForeignResult>
  readonly notices: ReadonlyArray<ImportNotice>
}

const nameOf = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "tool"

/** Providers take only JSON objects as the input of a call. */
const inputOf = (input: string): string => {
  const trimmed = JsonText.wellFormed(input)
  try {
    const value: unknown = JSON.parse(trimmed)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? trimmed
      : JSON.stringify({ input: value })
  } catch {
    return JSON.stringify({ input: trimmed })
  }
}

/** Writes the events of a session. Rounds, turns and calls are complete: every call gets an outcome. */
class Writer {
  readonly entries: Array<LogEntry> = []
  readonly notices: Array<ImportNotice> = []
  private readonly results: Foreign["results"]
  private readonly used = new Set<string>()
  private round: RoundId | undefined
  private rounds = 0
  private turns = 0
  private ending: "answered" | "calls" | "nothing" = "nothing"
  private last = 0

  constructor(results: Foreign["results"]) {
    this.results = results
  }

  private put(at: number, event: SessionEvent): void {
    this.last = Math.max(this.last, Math.trunc(at) || 0)
    this.entries.push({ seq: this.entries.length + 1, at: this.last, event })
  }

  message(at: number, content: ReadonlyArray<UserBlock>): void {
    this.close()
    const id = roundId(++this.rounds)
    this.round = id
    this.turns = 0
    this.ending = "nothing"
    // Who wrote the message is not known for certain, so that it counts as text from outside.
    this.put(at, { _tag: "RoundStarted", roundId: id, request: content })
    this.put(at, { _tag: "ContextBuilt", roundId: id, roundPart: [], files: {}, manifest: [] })
  }

  turn({ at, content, model, usage }: Extract<ForeignStep, { readonly _tag: "Turn" }>, program: string): void {
    if (this.round === undefined) {
      this.message(at, [text("(The imported conversation begins with an answer.)")])
      this.notices.push({ problem: "the conversation begins with an answer; a message that says so stands before it" })
    }
    const round = this.round ?? roundId(this.rounds)
    const id = turnId(round, ++this.turns)
    this.put(at, { _tag: "TurnStarted", roundId: round, turnId: id, model })
    const calls: Array<string> = []
    const blocks = content.map((block): Extract<SessionEvent, { _tag: "TurnCompleted" }>["content"][number] => {
      if (block._tag === "Text") return text(block.text.toWellFormed())
      // Never sent to a provider: what it needs to accept its own thinking is not in all files, and bound to requests.
      if (block._tag === "Thinking")
        return { _tag: "Thinking", provider: program, text: block.text.toWellFormed(), raw: "" }
      calls.push(block.id)
      const providerId = block.id.toWellFormed()
      const [name, input] = [nameOf(block.name), inputOf(block.input)]
      return { _tag: "ToolCall", callId: callId(id, calls.length), providerId, name, input }
    })
    const stop = calls.length === 0 ? "end" : "tool-calls"
    this.put(at, { _tag: "TurnCompleted", turnId: id, content: blocks, usage: usage ?? zero, stop })
    for (const [i, call] of calls.entries()) this.settle(id, i + 1, call)
    this.ending = calls.length === 0 ? "answered" : "calls"
  }

  private settle(turn: TurnId, ordinal: number, call: string): void {
    const id = callId(turn, ordinal)
    const result = this.used.has(call) ? undefined : this.results.get(call)
    this.used.add(call)
    if (result === undefined) this.notices.push({ problem: `call ${call} has no result; its outcome is unknown` })
    this.put(result?.at ?? this.last, { _tag: "ToolStarted", callId: id })
    this.put(result?.at ?? this.last, {
      _tag: "ToolSettled",
      callId: id,
      outcome:
        result === undefined
          ? unknown("the imported file has no result of this call", undefined)
          : { _tag: result.isError ? "Failed" : "Succeeded", content: result.content }
    })
  }

  close(): void {
    if (this.round === undefined) return
    this.put(
      this.last,
      this.ending === "answered"
        ? { _tag: "RoundCompleted", roundId: this.round, stop: "end" }
        : { _tag: "RoundCancelled", roundId: this.round }
    )
    this.round = undefined
  }

  /** Results of calls that the file does not contain. */
  unused(): void {
    for (const call of this.results.keys())
      if (!this.used.has(call))
        this.notices.push({ problem: `the result of call ${call} is left out: the file has no such call` })
  }
}

/** Messages that follow each other without an answer are one message, as are the parts of one answer. */
const joined = (steps: ReadonlyArray<ForeignStep>): ReadonlyArray<ForeignStep> => {
  const found: Array<ForeignStep> = []
  for (const step of steps) {
    if (step.content.length === 0) continue
    const last = found.at(-1)
    if (step._tag === "Message" && last?._tag === "Message")
      found[found.length - 1] = { ...last, content: [...last.content, ...step.content] }
    else found.push(step)
  }
  return found
}

/**
 * The log of a session with this conversation, and what is not in it as it was in the file. Each request that follows from it
 * is legal for every provider.
 *
 * @since 0.1.0
 * @category conversions
 */
export const logOf = (
  foreign: Foreign
): { readonly entries: ReadonlyArray<LogEntry>; readonly notices: ReadonlyArray<ImportNotice> } => {
  const writer = new Writer(foreign.results)
  for (const step of joined(foreign.steps))
    if (step._tag === "Message") writer.message(step.at, step.content)
    else writer.turn(step, foreign.program)
  writer.close()
  writer.unused()
  return { entries: writer.entries, notices: [...foreign.notices, ...writer.notices] }
}
