import { type Block, type Citation, textOf } from "@parley/domain/Content"
import type { CallId } from "@parley/domain/Ids"
import type { ModelRef } from "@parley/domain/ModelRef"
import { problemText } from "@parley/domain/OutputSchema"
import { type EventOf, LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"
import { type ToolOutcome, toResult } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FallbackText from "./FallbackText.ts"
import { Output } from "./Output.ts"
import * as SettingsText from "./SettingsText.ts"

/** The text on one line, cut to `limit` characters. */
export const short = (text: string, limit = 120): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`
}

/** Quotes a name that contains line breaks, so that it cannot imitate further lines of output. */
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

const pagesOf = ({ pages }: Citation): string => {
  if (pages === undefined) return ""
  return pages.first === pages.last ? `, page ${pages.first}` : `, pages ${pages.first} to ${pages.last}`
}

const citationLine = (citation: Citation): string => {
  const { quote, title, url = "" } = citation
  const source = [title, url].filter((name) => name !== "").map(inLine)
  const where = source.length === 0 ? "a document without a title" : source.join(", ")
  return `* ${where}${pagesOf(citation)}${quote === "" ? "" : `: “${short(quote)}”`}`
}

/** One line for each passage that a response cites, in the order of the text. A passage that is cited again has one line. */
export const citationLines = (content: ReadonlyArray<Block>): ReadonlyArray<string> => [
  ...new Set(content.flatMap((block) => (block._tag === "Text" ? (block.citations ?? []).map(citationLine) : [])))
]

/** What a compaction changed, and how to undo it. */
export const compacted = (
  { after, baseline, before, kept, pruned }: EventOf<"ContextCompacted">,
  session: string
): string => {
  const results = `${pruned.length} tool result${pruned.length === 1 ? "" : "s"} left out`
  const what = [
    ...(baseline === undefined ? [] : [`all but the last ${kept} messages summarized`]),
    ...(pruned.length === 0 ? [] : [results])
  ].join(", ")
  return `Compacted: about ${before.tokens} → ${after.tokens} tokens (${what}). To undo: parley sessions uncompact ${session}`
}

/** One line for each file that a message mentions: attached, or why not. */
const mentioned = ({ manifest }: EventOf<"ContextBuilt">): ReadonlyArray<string> => [
  ...new Set(
    manifest.flatMap(({ bytes, source, why }) => {
      if (!source.startsWith("mention:")) return []
      const path = inLine(source.slice("mention:".length))
      return [bytes > 0 ? `+ ${path}` : `✗ ${path}: ${why ?? "not attached"}`]
    })
  )
]

const encodeJson = Schema.encodeEffect(Schema.fromJsonString(Schema.Json))

/**
 * Shows a round as it happens: the model's text on standard output, its tool calls on standard error. Text whose deltas were
 * missed is taken from the turn's final content, so that nothing is lost or shown twice. With `value`, nothing is written to
 * standard output: what the model writes is the JSON text of an answer, whose value is shown when it is complete.
 */
export const text = Effect.fnUntraced(function* (session: string, answer: "text" | "value" = "text") {
  const output = yield* Output
  const names = new Map<CallId, string>()
  /** The calls that give an answer. They do not run. */
  const answers = new Set<CallId>()
  let outputTool: string | undefined
  /** How many characters of the open turn's text have been shown. */
  let shown = 0
  let atLineStart = true
  /** Whether the open turn is not part of the conversation, such as the summary of a compaction. */
  let aside = false
  let asked: ModelRef | undefined

  const write = (piece: string) => {
    if (piece === "" || answer === "value") return Effect.void
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
        asked = event.model
        aside = event.purpose !== undefined
        outputTool = event.outputTool
        return aside ? note("… summarizing the earlier messages") : Effect.void
      case "ContextCompacted":
        return note(compacted(event, session))
      case "TurnDelta":
        if (aside) return Effect.void
        return write(event.chunks.map((chunk) => (chunk._tag === "TextDelta" ? chunk.text : "")).join(""))
      case "TurnCompleted":
        if (aside) return Effect.void
        for (const block of event.content)
          if (block._tag === "ToolCall") {
            names.set(block.callId, `${block.name} ${short(block.input)}`)
            if (block.name === outputTool) answers.add(block.callId)
          }
        return write(textOf(event.content).slice(shown)).pipe(
          Effect.andThen(newLine),
          Effect.andThen(Effect.forEach(citationLines(event.content), note, { discard: true }))
        )
      case "TurnFailed":
      case "TurnInterrupted":
        return newLine
      case "RetryScheduled":
        return note(
          (asked === undefined ? undefined : FallbackText.line(asked, event)) ??
            `↻ retrying in ${Math.ceil(event.delayMillis / 1000)} s: ${short(event.failure.message, 200)}`
        )
      case "ToolStarted":
        return note(`→ ${nameOf(event.callId)}`)
      case "OutputRejected":
        return note(`✗ the answer does not follow the schema: ${short(problemText(event.problems), 200)}`)
      case "ToolSettled":
        if (answers.has(event.callId)) return Effect.void
        return note(`${outcomeLine(event.callId, event.outcome)}  (${nameOf(event.callId).split(" ", 1)[0]})`)
      case "RoundFailed":
        return event.failure.error === "Interrupted"
          ? note(`The previous round was interrupted: ${event.failure.message}.`)
          : newLine
      case "RoundCompleted":
        // Only the call of a tool has the answer, which is no text.
        return event.output === undefined || outputTool === undefined
          ? Effect.void
          : Effect.flatMap(Effect.orDie(encodeJson(event.output)), (json) => Effect.andThen(write(json), newLine))
      case "MessageDelivered":
        return note(`» ${short(textOf(event.request))}`)
      case "RoundStarted":
      case "RoundCancelled":
      case "ToolDecided":
      case "QuestionAsked":
      case "QuestionAnswered":
      case "CompactionUndone":
      case "RefreshRequested":
      case "Pinned":
      case "Unpinned":
      case "Forked":
        return Effect.void
      case "RoundsUndone":
        return note(`Undone: ${event.rounds.join(", ")}`)
      case "RoundsRedone":
        return note("The rounds that were undone last are in effect again")
      case "SettingsChosen":
        return Effect.forEach(SettingsText.lines(event.settings), note, { discard: true })
    }
  }
  return ({ event }: LogEntry) => show(event)
})

const encode = Schema.encodeEffect(Schema.fromJsonString(LogEntry))

/** Prints one event per line as JSON, with its sequence number. */
export const streamJson = Effect.map(
  Output,
  (output) => (entry: LogEntry) => Effect.flatMap(Effect.orDie(encode(entry)), output.line)
)
