import * as Schema from "effect/Schema"
import { textOf } from "./Content.ts"
import { type Found, type Phrase, placesOf } from "./SearchWords.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import { SessionInfo } from "./SessionInfo.ts"

/**
 * What a search for words finds: a part of a log.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HitKind = Schema.Literals(["message", "answer", "call", "result", "pinned"])
export type HitKind = typeof HitKind.Type

/**
 * One place in a session that contains the words.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SearchHit = Schema.Struct({
  session: SessionInfo,
  /** The event that contains the words, and its time in milliseconds since the epoch. */
  seq: Schema.Int,
  at: Schema.Int,
  kind: HitKind,
  /** The text around the words; `match` marks what was found. Put together, the parts are the text. */
  snippet: Schema.Array(Schema.Struct({ text: Schema.String, match: Schema.Literal(true).pipe(Schema.optionalKey) }))
})
export type SearchHit = typeof SearchHit.Type

/**
 * Options of a search.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchOptions {
  /** What a person wrote: see `SearchWords.phrasesOf`. */
  readonly text: string
  /** Only sessions of these workspaces. */
  readonly workspaces?: ReadonlyArray<string> | undefined
  /** Maximum number of hits. Default: 20. */
  readonly limit?: number | undefined
}

/**
 * How many hits a search has unless it asks for another number.
 *
 * @since 0.1.0
 * @category constants
 */
export const usualLimit = 20

/** A part of an event that can be searched. */
interface Part {
  readonly kind: HitKind
  readonly text: string
}

const callText = (name: string, input: string): Part => ({ kind: "call", text: `${name} ${input}` })

/**
 * What can be searched of an event: messages, answers, tool calls with their arguments, and results. Nothing for events that
 * contain no text of their own.
 *
 * @since 0.1.0
 * @category functions
 */
export const partsOf = (event: SessionEvent): ReadonlyArray<Part> => {
  switch (event._tag) {
    case "RoundStarted":
    case "MessageDelivered":
      return [{ kind: "message", text: textOf(event.request) }]
    case "TurnCompleted":
    case "TurnFailed":
    case "TurnInterrupted":
      return event.content.flatMap((block): ReadonlyArray<Part> => {
        if (block._tag === "Text") return [{ kind: "answer", text: block.text }]
        return block._tag === "ToolCall" ? [callText(block.name, block.input)] : []
      })
    case "ContextCallRequested":
      return [callText(event.name, event.input)]
    case "ToolSettled":
      return [
        { kind: "result", text: "content" in event.outcome ? textOf(event.outcome.content) : event.outcome.reason }
      ]
    case "RoundCompleted":
      return event.output === undefined ? [] : [{ kind: "answer", text: JSON.stringify(event.output) }]
    case "Pinned":
      return [{ kind: "pinned", text: event.text }]
    case "ContextBuilt":
    case "TurnStarted":
    case "ContextCompacted":
    case "CompactionUndone":
    case "RefreshRequested":
    case "Unpinned":
    case "RoundsUndone":
    case "RoundsRedone":
    case "Forked":
    case "SettingsChosen":
    case "TurnDelta":
    case "RetryScheduled":
    case "OutputRejected":
    case "QuestionAsked":
    case "QuestionAnswered":
    case "ToolDecided":
    case "ToolStarted":
    case "RoundFailed":
    case "RoundCancelled":
      return []
  }
}

/** UTF-16 code units of a snippet before and after the first word found. */
const before = 50
const after = 130

/** The first of the places around which the most different phrases stand. */
const best = (places: ReadonlyArray<Found>): Found | undefined => {
  let found: Found | undefined
  let most = 0
  for (const [i, place] of places.entries()) {
    const near = new Set<number>()
    for (let j = i; (places[j]?.end ?? Infinity) <= place.start + after; j++) near.add(places[j]?.phrase ?? 0)
    if (near.size > most || found === undefined) [found, most] = [place, near.size]
  }
  return found
}

/** Moves a cut to the next space, if one is near, so that no word and no character is cut. */
const spaceFrom = (text: string, at: number, step: 1 | -1): number => {
  for (let i = 0; i < 20; i++) if (/\s/.test(text[at + step * i] ?? " ")) return at + step * i
  return at
}

const snippetAt = (text: string, places: ReadonlyArray<Found>, { start }: Found): SearchHit["snippet"] => {
  const from = start <= before ? 0 : Math.min(start, spaceFrom(text, start - before, 1) + 1)
  const to = start + after >= text.length ? text.length : spaceFrom(text, start + after, -1)
  const parts: Array<SearchHit["snippet"][number]> = []
  let cursor = from
  const plain = (end: number) => {
    if (end > cursor) parts.push({ text: text.slice(cursor, end).toWellFormed() })
  }
  if (from > 0) parts.push({ text: "…" })
  for (const place of places) {
    if (place.start < cursor || place.end > Math.max(to, start)) continue
    plain(place.start)
    parts.push({ text: text.slice(place.start, place.end).toWellFormed(), match: true })
    cursor = place.end
  }
  plain(to)
  if (to < text.length) parts.push({ text: "…" })
  return parts
}

/**
 * The part of an event in which the phrases were found, and the text around them.
 *
 * @since 0.1.0
 * @category functions
 */
export const snippetOf = (event: SessionEvent, phrases: ReadonlyArray<Phrase>): Pick<SearchHit, "kind" | "snippet"> => {
  const found = partsOf(event).map((part) => ({ part, places: placesOf(part.text, phrases) }))
  const different = ({ places }: { readonly places: ReadonlyArray<Found> }) =>
    new Set(places.map((at) => at.phrase)).size
  const [first] = found.toSorted((a, b) => different(b) - different(a))
  const at = first === undefined ? undefined : best(first.places)
  if (first === undefined || at === undefined) return { kind: first?.part.kind ?? "message", snippet: [] }
  return { kind: first.part.kind, snippet: snippetAt(first.part.text, first.places, at) }
}
