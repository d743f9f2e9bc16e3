import { roundId, turnId } from "@parley/domain/Ids"
import { LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { textOf } from "@parley/domain/Content"
import { zero } from "@parley/domain/Usage"

// Programs against one session. Each event has a text of its own, so that no two events can be confused.

const Kind = Schema.Literals(["delta", "delta", "completed", "failed", "interrupted", "asked", "started", "settled"])
type Kind = typeof Kind.Type
const Event = Schema.Struct({ kind: Kind, turn: Schema.Literals([1, 2]) })
const Events = Schema.Array(Event).check(Schema.isMinLength(1), Schema.isMaxLength(4))

/** `cursor` is where the program appends, relative to the head: only 0 is right. */
const Append = Schema.TaggedStruct("Append", { events: Events, cursor: Schema.Literals([0, 0, 0, 0, 1, -1]) })
/** Two appends, the second called before the first is finished. */
const Overlap = Schema.TaggedStruct("Overlap", { first: Events, second: Events })

export const SessionStep = Schema.Union([Append, Append, Overlap])
export type SessionStep = typeof SessionStep.Type
export const programs: Arbitrary.Arbitrary<ReadonlyArray<SessionStep>> = Arbitrary.schema(
  Schema.Array(SessionStep).check(Schema.isMinLength(1), Schema.isMaxLength(6))
)
/** Programs of successful appends. */
export const appends: Arbitrary.Arbitrary<ReadonlyArray<typeof Events.Type>> = Arbitrary.schema(
  Schema.Array(Events).check(Schema.isMinLength(1), Schema.isMaxLength(4))
)

const round = roundId(1)

/** Creates events with the texts `w1`, `w2` and so on. */
export const writer = () => {
  let count = 0
  const one = ({ kind, turn }: typeof Event.Type): SessionEvent => {
    const words = `w${++count}`
    const of = turnId(round, turn)
    const content = [{ _tag: "Text" as const, text: words }]
    switch (kind) {
      case "delta":
        return { _tag: "TurnDelta", turnId: of, chunks: [{ _tag: "TextDelta", index: 0, text: words }] }
      case "completed":
        return { _tag: "TurnCompleted", turnId: of, content, usage: zero, stop: "end" }
      case "failed":
        return { _tag: "TurnFailed", turnId: of, content, usage: zero, failure: { error: "ModelError", message: "no" } }
      case "interrupted":
        return { _tag: "TurnInterrupted", turnId: of, content, usage: zero }
      case "asked":
        return { _tag: "RoundStarted", roundId: round, request: content }
      case "started":
        return { _tag: "TurnStarted", roundId: round, turnId: of, model: { provider: "contract", model: words } }
      case "settled":
        return { _tag: "RoundFailed", roundId: round, failure: { error: "contract", message: words } }
    }
  }
  return (events: ReadonlyArray<typeof Event.Type>): ReadonlyArray<SessionEvent> => events.map(one)
}

const textIn = (event: SessionEvent): string => {
  if (event._tag === "TurnDelta") return event.chunks.map((chunk) => ("text" in chunk ? chunk.text : "")).join("")
  if (event._tag === "TurnStarted") return event.model.model
  if (event._tag === "RoundFailed") return event.failure.message
  if (event._tag === "RoundStarted") return textOf(event.request)
  return "content" in event ? textOf(event.content) : ""
}

/** An event in few words, such as `TurnDelta r1t1 "w3"`. */
export const nameOf = (event: SessionEvent): string =>
  [event._tag, ...("turnId" in event ? [event.turnId] : []), `"${textIn(event)}"`].join(" ")

export const namesOf = (events: ReadonlyArray<SessionEvent>): string => events.map(nameOf).join(", ")

/** A log in few words: numbers and events. */
export const logOf = (entries: ReadonlyArray<LogEntry>): string =>
  entries.map(({ event, seq }) => `${seq} ${nameOf(event)}`).join(", ")

/** Entries are compared as JSON text, because JSON does not distinguish 0 from -0. */
const json = Schema.encodeSync(Schema.fromJsonString(LogEntry))
export const sameEntry = (a: LogEntry | undefined, b: LogEntry | undefined): boolean =>
  a !== undefined && b !== undefined && json(a) === json(b)
export const sameLog = (a: ReadonlyArray<LogEntry>, b: ReadonlyArray<LogEntry>): boolean =>
  a.length === b.length && a.every((entry, i) => sameEntry(entry, b[i]))
