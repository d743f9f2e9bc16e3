import { textOf } from "@parley/domain/Content"
import type { CallId } from "@parley/domain/Ids"
import { type EventOf, LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"
import { type ToolOutcome, toResult } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Output } from "./Output.ts"

/** The text on one line, cut to `limit` characters. */
export const short = (text: string, limit = 120): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`
}

/** A name with line ends in it stays on its line, so that it cannot pass for lines of ours. */
export const inLine = (name: string): string => (/[\r\n]/.test(name) ? JSON.stringify(name) : name)

export const outcomeLine = (callId: CallId, outcome: ToolOutcome): string => {
  const words = short(textOf(toResult(callId, outcome).content))
  switch (outcome._tag) {
    case "Succeeded":
      return `✓ ${words}`
    case "Unknown":
      return `? ${words}`
    default:
      return `✗ ${words}`
  }
}

/** What a compaction did, and how to take it back. */
export const compacted = (
  { after, baseline, before, kept, pruned }: EventOf<"ContextCompacted">,
  session: string
): string => {
  const results = `${pruned.length} tool result${pruned.length === 1 ? "" : "s"} left out`
  const what = [
    ...(baseline === undefined ? [] : [`all but the last ${kept} messages summed up`]),
    ...(pruned.length === 0 ? [] : [results])
  ].join(", ")
  return `Compacted: about ${before.tokens} → ${after.tokens} tokens (${what}). To take it back: parley sessions undo ${session}`
}

/** What became of the files that a message mentions, one line each. */
const mentioned = ({ manifest }: EventOf<"ContextBuilt">): ReadonlyArray<string> => [
  ...new Set(
    manifest.flatMap(({ bytes, source, why }) => {
      if (!source.startsWith("mention:")) return []
      const path = inLine(source.slice("mention:".length))
      return [bytes > 0 ? `+ ${path}` : `✗ ${path}: ${why ?? "not attached"}`]
    })
  )
]

/**
 * Shows a round as it happens: the model's text on standard output, what its tools do on standard error. A turn whose
 * deltas were missed is completed from its final content, so nothing is lost and nothing is shown twice.
 */
export const text = Effect.fnUntraced(function* (session: string) {
  const output = yield* Output
  const names = new Map<CallId, string>()
  /** How much of the open turn's text is on the screen. */
  let shown = 0
  let atLineStart = true
  /** The open turn is no part of the conversation. */
  let aside = false

  const write = (piece: string) => {
    if (piece === "") return Effect.void
    shown += piece.length
    atLineStart = piece.endsWith("\n")
    return output.text(piece)
  }
  const newLine = Effect.suspend(() => (atLineStart ? Effect.void : write("\n")))
  const note = (words: string) => Effect.andThen(newLine, output.aside(words))
  const nameOf = (id: CallId) => names.get(id) ?? id

  const show = (event: SessionEvent): Effect.Effect<void> => {
    switch (event._tag) {
      case "ContextCallRequested":
        names.set(event.callId, event.name)
        return Effect.void
      case "ContextBuilt":
        return Effect.forEach(mentioned(event), note, { discard: true })
      case "TurnStarted":
        shown = 0
        aside = event.purpose !== undefined
        return aside ? note("… summing up what was said before") : Effect.void
      case "ContextCompacted":
        return note(compacted(event, session))
      case "TurnDelta":
        if (aside) return Effect.void
        return write(event.chunks.map((chunk) => (chunk._tag === "TextDelta" ? chunk.text : "")).join(""))
      case "TurnCompleted":
        if (aside) return Effect.void
        for (const block of event.content)
          if (block._tag === "ToolCall") names.set(block.callId, `${block.name} ${short(block.input)}`)
        return Effect.andThen(write(textOf(event.content).slice(shown)), newLine)
      case "TurnFailed":
      case "TurnInterrupted":
        return newLine
      case "RetryScheduled":
        return note(`↻ retrying in ${Math.ceil(event.delayMillis / 1000)} s: ${short(event.failure.message, 200)}`)
      case "ToolStarted":
        return note(`→ ${nameOf(event.callId)}`)
      case "ToolSettled":
        return note(`${outcomeLine(event.callId, event.outcome)}  (${nameOf(event.callId).split(" ", 1)[0]})`)
      case "RoundFailed":
        return event.failure.error === "Interrupted"
          ? note(`The round before was cut off: ${event.failure.message}.`)
          : newLine
      default:
        return Effect.void
    }
  }
  return ({ event }: LogEntry) => show(event)
})

const encode = Schema.encodeEffect(Schema.fromJsonString(LogEntry))

/** One event per line, with its sequence number. */
export const streamJson = Effect.map(
  Output,
  (output) => (entry: LogEntry) => Effect.flatMap(Effect.orDie(encode(entry)), output.line)
)
