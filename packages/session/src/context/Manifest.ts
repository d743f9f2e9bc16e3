import type { Block } from "@parley/domain/Content"
import type { Segment } from "@parley/domain/ContextManifest"
import type { Origin } from "@parley/domain/Origins"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import * as Provenance from "@parley/domain/Provenance"
import type { Piece } from "@parley/domain/RequestSize"
import type { Wire, WireSpan } from "@parley/domain/SessionContext"
import { byteLength, segment } from "@parley/prompt/Digest"
import { headUnits } from "@parley/prompt/Excerpt"
import type { SessionState } from "../log/SessionState.ts"

/**
 * The source of a block without a recorded origin: a result that lost its content, or a placeholder for an empty message.
 */
const unknown = (block: Block | undefined, message: number): Origin["source"] =>
  block?._tag === "ToolResult" ? `result:${block.callId}` : `message:${message + 1}`

const words = (block: Block): string => {
  switch (block._tag) {
    case "Text":
      return block.text
    case "Thinking":
    case "Opaque":
      return block.raw
    case "Image":
    case "Document":
      return block.data
    default:
      return JSON.stringify(block)
  }
}

/** Why a block is in the request, for people. */
const whyOf = (block: Block, origin: Origin | undefined, part: Segment["part"]): string => {
  if (part === "history") return origin === undefined ? "part of an earlier round" : `said in ${origin.roundId}`
  if (origin?.why !== undefined) return origin.why
  if (block._tag === "ToolResult") return "a tool returned it"
  return origin?.source.startsWith("answer:") === true ? "the model said it" : "the user says it"
}

/** The text of a block; a text of a user message is split into the pieces that the user wrote and those from outside. */
const piecesOf = (block: Block, origin: Origin | undefined) => {
  const text = words(block)
  return origin?.outside === undefined
    ? [{ text, provenance: origin?.provenance ?? ("outside" as const) }]
    : Provenance.pieces(text, origin.outside)
}

/** The manifest of a request: the baseline, earlier rounds, and the latest round including what it left out and why. */
export const of = (state: SessionState, request: ModelRequest): ReadonlyArray<Segment> => {
  const now = state.round?.id
  const { origins } = state.history
  const messages = request.messages.flatMap(({ content }, message) =>
    content.flatMap((block) => {
      const origin = origins.get(block)
      const part = origin !== undefined && origin.roundId === now ? "round" : "history"
      const source = origin?.source ?? unknown(block, message)
      const why = whyOf(block, origin, part)
      return piecesOf(block, origin).map(({ provenance, text }) =>
        segment(part, {
          source,
          text,
          why: origin?.outside !== undefined && provenance === "outside" ? `${why}; others wrote this part` : why,
          provenance
        })
      )
    })
  )
  const absent = state.context?.manifest.filter(({ bytes, part }) => part === "round" && bytes === 0) ?? []
  return [...state.stable, ...messages, ...absent]
}

/** The text as it appears within a JSON string. */
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

/** Bytes of the separator between two sections of a system prompt. */
const separator = 2

interface Stretch {
  readonly text: string
  readonly source: string
  readonly roundId?: Origin["roundId"]
}

/** Splits the rendered system prompt into its sections, in their JSON form, and the provider's framing around them. */
const system = (text: string, request: ModelRequest, stable: ReadonlyArray<Segment>): ReadonlyArray<Stretch> => {
  const whole = escaped(request.system)
  const from = text.indexOf(whole)
  if (from < 0) return [{ text, source: /^[\s"\]}]*$/.test(text) ? "envelope" : "system" }]
  const stretches: Array<Stretch> = []
  let at = 0
  const take = (bytes: number, source: string) => {
    const end = at + headUnits(request.system.slice(at), bytes)
    stretches.push({ text: escaped(request.system.slice(at, end)), source })
    at = end
  }
  for (const { bytes, part, source } of stable) {
    if (part !== "system") continue
    if (at > 0) take(separator, "separator")
    take(bytes, source)
  }
  if (stretches.map((stretch) => stretch.text).join("") !== whole) return [{ text, source: "system" }]
  return [
    { text: text.slice(0, from), source: "envelope" },
    ...stretches,
    { text: text.slice(from + whole.length), source: "envelope" }
  ]
}

/** Determines the source of every byte of a request's body. */
export const wire = (
  pieces: ReadonlyArray<Piece>,
  request: ModelRequest,
  { history: { origins }, stable }: Pick<SessionState, "history" | "stable">
): Wire => {
  const stretches = pieces.flatMap(({ of, text }): ReadonlyArray<Stretch> => {
    switch (of._tag) {
      case "Envelope":
        return [{ text, source: "envelope" }]
      case "Tool":
        return [{ text, source: `tool:${of.name}` }]
      case "System":
        return system(text, request, stable)
      case "Block": {
        const block = request.messages[of.message]?.content[of.block]
        const origin = block === undefined ? undefined : origins.get(block)
        const source = origin?.source ?? unknown(block, of.message)
        return [{ text, source, ...(origin === undefined ? {} : { roundId: origin.roundId }) }]
      }
    }
  })
  let end = 0
  const spans = stretches.flatMap(({ text, ...rest }): ReadonlyArray<WireSpan> => {
    const start = end
    end += byteLength(text)
    return start === end ? [] : [{ start, end, ...rest }]
  })
  return { body: stretches.map(({ text }) => text).join(""), spans }
}
