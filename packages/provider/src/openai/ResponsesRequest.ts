import type { Block, ToolResult } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { hasProperty } from "effect/Predicate"
import { once } from "../request/Once.ts"
import { envelope, joined, list } from "../request/Pieces.ts"
import { foreign, toolInput, toolName, visible } from "../request/SendableText.ts"
import { parseObject } from "../text/JsonObject.ts"
import { media, resultText, toolFields } from "./OpenAiContent.ts"
import { ofResponses } from "./OpenAiOutput.ts"
import type { ResponsesSettings } from "./OpenAiSettings.ts"

/** The `provider` of reasoning that is sent back to the Responses API. */
export const provider = "openai-responses"

const inputText = (text: string) => ({ type: "input_text", text: text.toWellFormed() })

const inputMedia = (block: Parameters<typeof media>[0]) => {
  const shown = media(block)
  return shown._tag === "Url" ? { type: "input_image", image_url: shown.url } : inputText(shown.text)
}

const output = ({ callId, content, isError }: ToolResult): string => {
  const images = content.flatMap((part) => (part._tag === "Image" ? [inputMedia(part)] : []))
  const text = resultText(content, isError).toWellFormed()
  return JSON.stringify({
    type: "function_call_output",
    call_id: callId,
    output: images.length === 0 ? text : [inputText(text), ...images]
  })
}

/** Reasoning can be sent back only with its encrypted content. */
const isComplete = (raw: string): boolean => {
  const item = parseObject(raw)
  return item !== undefined && hasProperty(item, "encrypted_content") && typeof item.encrypted_content === "string"
}

/** An item of the request, or a part of a message of the user. Empty if nothing may be sent. */
const blockJson = (block: Block, role: Message["role"]): string => {
  switch (block._tag) {
    case "Text":
      if (!visible(block.text)) return ""
      return JSON.stringify(
        role === "user" ? inputText(block.text) : { role: "assistant", content: block.text.toWellFormed() }
      )
    case "Image":
    case "Document":
      return role === "user" ? JSON.stringify(inputMedia(block)) : ""
    case "Thinking":
      return block.provider === provider && isComplete(block.raw) ? block.raw : ""
    case "Opaque": {
      const words = foreign(block)
      return words === "" ? "" : JSON.stringify({ role: "assistant", content: words.toWellFormed() })
    }
    case "ToolCall":
      return JSON.stringify({
        type: "function_call",
        call_id: block.callId,
        name: toolName(block.name),
        arguments: toolInput(block)
      })
    case "ToolResult":
      return output(block)
  }
}

const itemPieces = ({ content, role }: Message, message: number): ReadonlyArray<Piece> => {
  const parts = content.flatMap((block, i) => {
    const text = blockJson(block, role)
    const isItem = role === "assistant" || block._tag === "ToolResult"
    return text === "" ? [] : [{ isItem, piece: { of: { _tag: "Block" as const, message, block: i }, text } }]
  })
  const of = (isItem: boolean) => parts.filter((part) => part.isItem === isItem).map(({ piece }) => piece)
  const [items, rest] = [of(true), of(false)]
  return [
    ...list(items),
    ...(items.length > 0 && rest.length > 0 ? [envelope(",")] : []),
    ...(rest.length === 0 ? [] : [envelope(`{"role":"user","content":[`), ...list(rest), envelope("]}")])
  ]
}

const itemsJson = once((message: Message): string => joined(itemPieces(message, 0)))

const toolJson = once((tool: ToolDefinition): string => JSON.stringify({ type: "function", ...toolFields(tool) }))

const toolPieces = (tools: ReadonlyArray<ToolDefinition>): ReadonlyArray<Piece> =>
  list(tools.map((tool) => ({ of: { _tag: "Tool", name: tool.name }, text: toolJson(tool) })))

/** Everything before the messages. The API stores nothing, so that each request contains all it needs. */
const headPieces = (settings: ResponsesSettings, request: ModelRequest): ReadonlyArray<Piece> => {
  const { model, system, tools } = request
  const head = { model: model.model, store: false, ...settings, ...ofResponses(request), stream: true }
  return [
    envelope(JSON.stringify(head).slice(0, -1)),
    ...(tools.length === 0 ? [] : [envelope(`,"tools":[`), ...toolPieces(tools), envelope("]")]),
    ...(visible(system)
      ? [envelope(`,"instructions":`), { of: { _tag: "System" as const }, text: JSON.stringify(system.toWellFormed()) }]
      : []),
    envelope(`,"input":[`)
  ]
}

const comma: ReadonlyArray<Piece> = [envelope(",")]

/**
 * The body of a `POST /responses`, as JSON text. The bytes of each message stay the same in all requests: with the same
 * settings, system prompt and tools, the text up to the closing `]}` is a prefix of the next request.
 */
export const body = (settings: ResponsesSettings, request: ModelRequest): string =>
  `${joined(headPieces(settings, request))}${request.messages
    .map(itemsJson)
    .filter((text) => text !== "")
    .join(",")}]}`

/** The pieces of the same body. */
export const pieces = (settings: ResponsesSettings, request: ModelRequest): ReadonlyArray<Piece> => [
  ...headPieces(settings, request),
  ...request.messages
    .map(itemPieces)
    .filter((span) => span.length > 0)
    .flatMap((span, i) => (i === 0 ? span : comma.concat(span))),
  envelope("]}")
]
