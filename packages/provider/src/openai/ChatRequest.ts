import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { once } from "../request/Once.ts"
import { envelope, joined, list } from "../request/Pieces.ts"
import { visible } from "../request/SendableText.ts"
import { messagePieces } from "./ChatContent.ts"
import { toolFields } from "./OpenAiContent.ts"
import { ofChat } from "./OpenAiOutput.ts"
import type { ChatSettings } from "./OpenAiSettings.ts"

const toolJson = once((tool: ToolDefinition): string =>
  JSON.stringify({ type: "function", function: toolFields(tool) })
)

const toolPieces = (tools: ReadonlyArray<ToolDefinition>): ReadonlyArray<Piece> =>
  list(tools.map((tool) => ({ of: { _tag: "Tool", name: tool.name }, text: toolJson(tool) })))

const messageJson = once((message: Message): string => joined(messagePieces(message, 0)))

const toolsJson = once((tools: ReadonlyArray<ToolDefinition>): string => joined(toolPieces(tools)))

const systemPieces = (system: string): ReadonlyArray<Piece> =>
  visible(system)
    ? [{ of: { _tag: "System" }, text: JSON.stringify({ role: "system", content: system.toWellFormed() }) }]
    : []

const comma: ReadonlyArray<Piece> = [envelope(",")]

/** Everything before the tools. */
const head = (settings: ChatSettings, request: ModelRequest): string =>
  JSON.stringify({
    model: request.model.model,
    ...settings,
    ...ofChat(request),
    stream: true,
    // Without it the response contains no usage.
    stream_options: { include_usage: true }
  }).slice(0, -1)

/**
 * The body of a `POST /chat/completions`, as JSON text. The bytes of each message stay the same in all requests: with the
 * same settings, system prompt and tools, the text up to the closing `]}` is a prefix of the next request.
 */
export const body = (settings: ChatSettings, request: ModelRequest): string => {
  const { messages, system, tools } = request
  const texts = [joined(systemPieces(system)), ...messages.map(messageJson)].filter((text) => text !== "")
  return (
    head(settings, request) +
    (tools.length === 0 ? "" : `,"tools":[${toolsJson(tools)}]`) +
    `,"messages":[${texts.join(",")}]}`
  )
}

/** The pieces of the same body. */
export const pieces = (settings: ChatSettings, request: ModelRequest): ReadonlyArray<Piece> => {
  const { messages, system, tools } = request
  const spans = [systemPieces(system), ...messages.map((message, i) => messagePieces(message, i))].filter(
    (span) => span.length > 0
  )
  return [
    envelope(head(settings, request)),
    ...(tools.length === 0 ? [] : [envelope(`,"tools":[`), ...toolPieces(tools), envelope("]")]),
    envelope(`,"messages":[`),
    ...spans.flatMap((span, i) => (i === 0 ? span : comma.concat(span))),
    envelope("]}")
  ]
}
