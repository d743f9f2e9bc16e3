import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { visible } from "../request/SendableText.ts"
import { blockJson, fewImages, imagesIn, manyImages, type MediaForm, plainForm, textBlock } from "./AnthropicContent.ts"
import type { AnthropicSettings } from "./AnthropicSettings.ts"
import * as AnthropicOutput from "./AnthropicOutput.ts"
import { inLoop } from "./AnthropicThinking.ts"
import { once } from "../request/Once.ts"
import { envelope, joined, list } from "../request/Pieces.ts"

/** A member of the body, with the comma before it. */
const member = (name: string, value: object | undefined): string =>
  value === undefined ? "" : `,"${name}":${JSON.stringify(value)}`

/** A part of the body: its text, and the pieces that the text consists of. */
interface Span {
  readonly text: string
  readonly pieces: () => ReadonlyArray<Piece>
}

const plain = (text: string): Span => ({ text, pieces: () => [envelope(text)] })
const comma = plain(",")

/** Inserts a cache marker into text that was joined without it. `end` is the text that follows the marker. */
const marked = (text: string, marker: string, end: string): string =>
  marker === "" ? text : text.slice(0, -end.length) + marker + end

// The API rejects every request with a tool whose schema has one of these at its root. Without it the model receives a less
// precise schema; the input is still checked against the full schema before the tool is called.
const notAtRoot = new Set(["anyOf", "oneOf", "allOf"])

const schemaOf = ({ inputSchema }: ToolDefinition): ToolDefinition["inputSchema"] =>
  Object.fromEntries(Object.entries(inputSchema).filter(([key]) => !notAtRoot.has(key)))

const toolJson = once((tool: ToolDefinition): string =>
  JSON.stringify({ name: tool.name, description: tool.description, input_schema: schemaOf(tool) })
)

type Strict = ReturnType<typeof AnthropicOutput.strictTools>

const strictJson = ({ description, name }: ToolDefinition, input_schema: object): string =>
  JSON.stringify({ name, description, input_schema, strict: true })

const toolPieces = (tools: ReadonlyArray<ToolDefinition>, marker: string, strict: Strict): ReadonlyArray<Piece> =>
  list(
    tools.map((tool) => {
      const form = strict.get(tool)
      const text = form === undefined ? toolJson(tool) : strictJson(tool, form)
      return { of: { _tag: "Tool", name: tool.name }, text }
    }),
    marker
  )

const toolsJson = once((tools: ReadonlyArray<ToolDefinition>): string => joined(toolPieces(tools, "", new Map())))

const toolsSpan = (tools: ReadonlyArray<ToolDefinition>, marker: string, strict: Strict): Span => ({
  text: marked(strict.size === 0 ? toolsJson(tools) : joined(toolPieces(tools, "", strict)), marker, "}"),
  pieces: () => toolPieces(tools, marker, strict)
})

const systemSpan = (system: string, marker: string): Span => {
  const pieces = list([{ of: { _tag: "System" }, text: textBlock(system) }], marker)
  return { text: joined(pieces), pieces: () => pieces }
}

/** Empty if nothing of the message may be sent. Its neighbours then have the same role, and the API merges them. */
const messagePieces = (
  { content, role }: Message,
  message: number,
  marker: string,
  form: MediaForm
): ReadonlyArray<Piece> => {
  const blocks = content.flatMap((part, block): ReadonlyArray<Piece> => {
    const text = blockJson(part, form)
    return text === "" ? [] : [{ of: { _tag: "Block", message, block }, text }]
  })
  return blocks.length === 0 ? [] : [envelope(`{"role":"${role}","content":[`), ...list(blocks, marker), envelope("]}")]
}

/** A form of media, and the JSON text that it gives a message, which is computed once. */
interface Rendering {
  readonly form: MediaForm
  readonly json: (message: Message) => string
}

const rendering = (form: MediaForm): Rendering => ({
  form,
  json: once((message: Message): string => joined(messagePieces(message, 0, "", form)))
})

const renderings = {
  few: { plain: rendering(plainForm), citing: rendering({ ...fewImages, citations: true }) },
  many: { plain: rendering({ ...manyImages, citations: false }), citing: rendering({ ...manyImages, citations: true }) }
}
const countImages = once(imagesIn)

const renderingOf = ({ citations }: AnthropicSettings, messages: ReadonlyArray<Message>): Rendering => {
  const images = messages.reduce((sum, message) => sum + countImages(message), 0)
  return renderings[images < manyImages.from ? "few" : "many"][citations === true ? "citing" : "plain"]
}

const messageSpan = (message: Message, index: number, marker: string, { form, json }: Rendering): Span => ({
  text: marked(json(message), marker, "}]}"),
  pieces: () => messagePieces(message, index, marker, form)
})

/** The API accepts no cache marker on a thinking block. For an opaque block this is unknown, so it gets none either. */
const canBeMarked = once((message: Message): boolean => {
  const last = message.content.findLast((part) => blockJson(part) !== "")?._tag
  return last !== "Thinking" && last !== "Opaque"
})

/**
 * The API caches a request up to each marker, and reuses the cache of earlier requests there. It searches only 20 blocks
 * back from a marker, so one is set where the previous request ended, however much was added since. The API allows four
 * markers; the other three are at the end of the tools, of the system prompt and of the request.
 */
const layout = (head: string, settings: AnthropicSettings, request: ModelRequest): ReadonlyArray<Span> => {
  const { messages, system, tools } = request
  const marker =
    settings.cache_control === undefined ? "" : `,"cache_control":${JSON.stringify(settings.cache_control)}`
  const rendering = renderingOf(settings, messages)
  const isUsers = (message: Message) => message.role === "user" && rendering.json(message) !== ""
  const end = messages.findLastIndex(isUsers)
  const before = messages.slice(0, Math.max(end, 0)).findLastIndex(isUsers)
  const spans = [
    plain(
      `{"model":${JSON.stringify(request.model.model)}${head}` +
        member("thinking", inLoop(settings.thinking, messages)) +
        member("output_config", AnthropicOutput.config(settings.output_config, request))
    ),
    ...(tools.length === 0
      ? []
      : [
          plain(`,"tools":[`),
          toolsSpan(tools, marker, AnthropicOutput.strictTools(tools, request.model.model)),
          plain("]")
        ]),
    ...(visible(system) ? [plain(`,"system":[`), systemSpan(system, marker), plain("]")] : []),
    plain(`,"messages":[`)
  ]
  const { length } = spans
  messages.forEach((message, index) => {
    if (rendering.json(message) === "") return
    if (spans.length > length) spans.push(comma)
    const isEnd = (index === end || index === before) && canBeMarked(message)
    spans.push(messageSpan(message, index, isEnd ? marker : "", rendering))
  })
  spans.push(plain("]}"))
  return spans
}

const whole = (settings: AnthropicSettings, request: ModelRequest): ReadonlyArray<Span> =>
  layout(`,"max_tokens":${settings.max_tokens},"stream":true`, settings, request)

const text = (spans: ReadonlyArray<Span>): string => spans.map(({ text }) => text).join("")

/**
 * The body of a `POST /v1/messages` (Anthropic Messages API), as JSON text. The parts that change least come first, in the
 * order in which the API caches them, and the bytes of each message stay the same in all requests: with the same settings,
 * system prompt and tools, the text up to the closing `]}` is a prefix of the next request, except for the cache markers,
 * which move on, and when there are so many images that the API accepts only smaller ones. The cost is that of encoding the new messages, plus one concatenation.
 */
export const body = (settings: AnthropicSettings, request: ModelRequest): string => text(whole(settings, request))

/** The pieces of the same body. A block that must not be sent has none. A block with a marker is split around the marker. */
export const pieces = (settings: AnthropicSettings, request: ModelRequest): ReadonlyArray<Piece> =>
  whole(settings, request).flatMap((span) => span.pieces())

/** The body of a `POST /v1/messages/count_tokens`: the same body without the members about the response. */
export const countBody = (settings: AnthropicSettings, request: ModelRequest): string =>
  text(layout("", settings, request))
