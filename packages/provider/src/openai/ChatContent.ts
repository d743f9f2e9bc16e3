import type { Block, ToolCall } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { Piece } from "@parley/domain/RequestSize"
import { envelope, list } from "../request/Pieces.ts"
import { foreign, toolInput, toolName, visible } from "../request/SendableText.ts"
import { media, resultText } from "./OpenAiContent.ts"

/** A part of one message of the request, and the block that it comes from. */
interface Part {
  readonly block: number
  readonly text: string
}

type Pieces = ReadonlyArray<Piece>

/** The text within a JSON string. */
const inString = (text: string): string => JSON.stringify(text.toWellFormed()).slice(1, -1)

const toolCall = (call: ToolCall): string =>
  JSON.stringify({
    id: call.callId,
    type: "function",
    function: { name: toolName(call.name), arguments: toolInput(call) }
  })

const words = (block: Block): string => {
  if (block._tag === "Text") return visible(block.text) ? block.text : ""
  if (block._tag === "Opaque") return foreign(block)
  if (block._tag !== "Image" && block._tag !== "Document") return ""
  const shown = media(block)
  return shown._tag === "Words" ? shown.text : ""
}

/** The addresses of the images of a block. The API accepts images only in a message of the user. */
const images = (block: Block): ReadonlyArray<string> => {
  const parts = block._tag === "ToolResult" ? block.content : block._tag === "Image" ? [block] : []
  return parts.flatMap((part) => {
    const shown = part._tag === "Text" ? undefined : media(part)
    return shown?._tag === "Url" ? [shown.url] : []
  })
}

/**
 * The messages of a Chat Completions request for one message, in pieces: one for each tool result, and one for the rest.
 * Content is one text where possible, because not every server accepts a list of parts. Empty if nothing may be sent.
 */
export const messagePieces = ({ content, role }: Message, message: number): Pieces => {
  const of = (block: number) => ({ _tag: "Block" as const, message, block })
  const piece = ({ block, text }: Part): Piece => ({ of: of(block), text })
  const texts = content.flatMap((block, i): ReadonlyArray<Part> => {
    const text = words(block)
    return text === "" ? [] : [{ block: i, text }]
  })
  /** The texts as one JSON string, with an empty line between them. */
  const oneText = texts.flatMap(({ block, text }, i): Pieces => [
    ...(i === 0 ? [] : [envelope("\\n\\n")]),
    piece({ block, text: inString(text) })
  ])

  if (role === "assistant") {
    const calls = content.flatMap((block, i): Pieces =>
      block._tag === "ToolCall" ? [piece({ block: i, text: toolCall(block) })] : []
    )
    if (texts.length === 0 && calls.length === 0) return []
    return [
      envelope(`{"role":"assistant","content":${texts.length === 0 ? "null" : '"'}`),
      ...oneText,
      ...(texts.length === 0 ? [] : [envelope('"')]),
      ...(calls.length === 0 ? [] : [envelope(`,"tool_calls":[`), ...list(calls), envelope("]")]),
      envelope("}")
    ]
  }

  const results = content.flatMap((block, i): ReadonlyArray<Part> =>
    block._tag === "ToolResult"
      ? [
          {
            block: i,
            text: JSON.stringify({
              role: "tool",
              tool_call_id: block.callId,
              content: resultText(block.content, block.isError).toWellFormed()
            })
          }
        ]
      : []
  )
  const shown = content.flatMap((block, i) =>
    images(block).map((url): Part => ({
      block: i,
      text: JSON.stringify({ type: "image_url", image_url: { url } })
    }))
  )
  const parts = [
    ...texts.map(({ block, text }) => ({ block, text: JSON.stringify({ type: "text", text: text.toWellFormed() }) })),
    ...shown
  ].sort((a, b) => a.block - b.block)
  const rest: Pieces =
    parts.length === 0
      ? []
      : shown.length === 0
        ? [envelope(`{"role":"user","content":"`), ...oneText, envelope(`"}`)]
        : [envelope(`{"role":"user","content":[`), ...list(parts.map(piece)), envelope("]}")]
  return [...list(results.map(piece)), ...(results.length > 0 && rest.length > 0 ? [envelope(",")] : []), ...rest]
}
