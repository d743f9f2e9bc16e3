import { textOf, type UserBlock } from "@parley/domain/Content"
import { format } from "@parley/domain/ModelRef"
import type { Round, Session, ToolCallView, Turn } from "@parley/domain/Session"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import type { ToolOutcome } from "@parley/domain/Tool"

/** What an export shows of a session, in order and without the form of any file. */
export type ViewPart =
  | { readonly _tag: "Message"; readonly at: number; readonly text: string; readonly media: ReadonlyArray<Media> }
  | { readonly _tag: "Answer"; readonly text: string }
  | { readonly _tag: "Thinking"; readonly text: string }
  | { readonly _tag: "Call"; readonly name: string; readonly input: string; readonly outcome: Outcome }
  /** A line about what happened: an error, a cancellation, a compaction. */
  | { readonly _tag: "Event"; readonly text: string }

export interface Media {
  readonly mediaType: string
  readonly data: string
  readonly name: string
}

export interface Outcome {
  /** `succeeded`, `failed`, `denied` and so on. */
  readonly state: string
  readonly text: string
  readonly media: ReadonlyArray<Media>
}

/** What stands at the beginning of an export. */
export interface Heading {
  readonly title: string
  /** Name and value. */
  readonly facts: ReadonlyArray<readonly [name: string, value: string]>
}

const mediaOf = (content: ReadonlyArray<UserBlock>): ReadonlyArray<Media> =>
  content.flatMap((block) => {
    if (block._tag === "Text") return []
    const name = block._tag === "Document" ? (block.name ?? "document") : "image"
    return [{ mediaType: block.mediaType, data: block.data, name }]
  })

const outcomeOf = (outcome: ToolOutcome | undefined): Outcome => {
  if (outcome === undefined) return { state: "open", text: "", media: [] }
  const state = outcome._tag.replace(/(?!^)[A-Z]/g, " $&").toLowerCase()
  return "content" in outcome
    ? { state, text: textOf(outcome.content), media: mediaOf(outcome.content) }
    : { state, text: outcome.reason, media: [] }
}

/** The input as indented JSON, if it is JSON. */
const inputOf = (input: string): string => {
  try {
    return JSON.stringify(JSON.parse(input), undefined, 2)
  } catch {
    return input
  }
}

const callOf = ({ input, name, outcome }: ToolCallView): ViewPart => ({
  _tag: "Call",
  name,
  input: inputOf(input),
  outcome: outcomeOf(outcome)
})

const endOf = (status: string): string => (status === "failed" ? status : `was ${status}`)

const turnParts = (turn: Turn): ReadonlyArray<ViewPart> => {
  const calls = new Map(turn.toolCalls.map((call) => [call.callId, call]))
  const content = turn.content.flatMap((block): ReadonlyArray<ViewPart> => {
    if (block._tag === "Text") return [{ _tag: "Answer", text: block.text }]
    if (block._tag === "Thinking") return block.text === "" ? [] : [{ _tag: "Thinking", text: block.text }]
    const call = block._tag === "ToolCall" ? calls.get(block.callId) : undefined
    return call === undefined ? [] : [callOf(call)]
  })
  const failure = turn.failure === undefined ? "" : `: ${turn.failure.message}`
  const ended: ReadonlyArray<ViewPart> =
    turn.status === "completed" ? [] : [{ _tag: "Event", text: `The answer ${endOf(turn.status)}${failure}` }]
  return turn.purpose === undefined
    ? [...content, ...ended]
    : [{ _tag: "Event", text: "Earlier messages were summarized for later requests" }, ...content, ...ended]
}

const roundParts = (round: Round): ReadonlyArray<ViewPart> => [
  ...(round.purpose === undefined
    ? [{ _tag: "Message" as const, at: round.startedAt, text: textOf(round.request), media: mediaOf(round.request) }]
    : []),
  ...round.contextCalls.map(callOf),
  ...round.turns.flatMap(turnParts),
  ...(round.status === "completed" || round.status === "running"
    ? []
    : [
        {
          _tag: "Event" as const,
          text: `The round ${endOf(round.status)}${round.failure === undefined ? "" : `: ${round.failure.message}`}`
        }
      ])
]

export const partsOf = (session: Session): ReadonlyArray<ViewPart> => session.rounds.flatMap(roundParts)

/** A time as `2026-11-22 15:48 UTC`. */
export const timeText = (millis: number): string =>
  `${new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: "UTC" }).format(millis)} UTC`

export const headingOf = (info: SessionInfo, session: Session): Heading => {
  const models = [...new Set(session.turns.map(({ model }) => format(model)))]
  return {
    title: info.title === "" ? info.id : info.title,
    facts: [
      ["Session", info.id],
      ...(info.workspace === "" ? [] : ([["Workspace", info.workspace]] as const)),
      ["Created", timeText(info.createdAt)],
      ["Last activity", timeText(info.updatedAt)],
      ...(models.length === 0 ? [] : ([["Models", models.join(", ")]] as const)),
      ...(info.cost === 0 ? [] : ([["Cost", `$${info.cost.toFixed(4)}`]] as const)),
      ...(info.tags === undefined ? [] : ([["Tags", info.tags.join(", ")]] as const))
    ]
  }
}

const control = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu

/** Without characters that control a terminal, or that make a text look like another one. */
export const visible = (text: string): string => text.toWellFormed().replace(/\r\n?/g, "\n").replace(control, "�")
