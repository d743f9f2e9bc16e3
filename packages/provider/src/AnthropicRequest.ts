import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { blockJson, textBlock, visible } from "./AnthropicContent.ts"
import type { AnthropicSettings } from "./AnthropicSettings.ts"
import { envelope, joined, list } from "./Pieces.ts"

/** Computes once per object. Messages and tools are immutable, and the same objects come with every request of a session. */
const once = <A extends object, B extends string | boolean>(f: (value: A) => B): ((value: A) => B) => {
  const known = new WeakMap<A, B>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const made = f(value)
    known.set(value, made)
    return made
  }
}

/** A stretch of the body: its text, and what that is joined of. */
interface Span {
  readonly text: string
  readonly pieces: () => ReadonlyArray<Piece>
}

const plain = (text: string): Span => ({ text, pieces: () => [envelope(text)] })
const comma = plain(",")

/** Text that was joined without its marker, with it. `end` is what follows a marker in the pieces. */
const marked = (text: string, marker: string, end: string): string =>
  marker === "" ? text : text.slice(0, -end.length) + marker + end

// The API refuses every request with a tool whose schema has one of these at its root. Without it the model is told less of
// what fits; the input is still checked against all of it before a tool is called.
const notAtRoot = new Set(["anyOf", "oneOf", "allOf"])

const schemaOf = ({ inputSchema }: ToolDefinition): ToolDefinition["inputSchema"] =>
  Object.fromEntries(Object.entries(inputSchema).filter(([key]) => !notAtRoot.has(key)))

const toolJson = once((tool: ToolDefinition): string =>
  JSON.stringify({ name: tool.name, description: tool.description, input_schema: schemaOf(tool) })
)

const toolPieces = (tools: ReadonlyArray<ToolDefinition>, marker: string): ReadonlyArray<Piece> =>
  list(
    tools.map((tool) => ({ of: { _tag: "Tool", name: tool.name }, text: toolJson(tool) })),
    marker
  )

const toolsJson = once((tools: ReadonlyArray<ToolDefinition>): string => joined(toolPieces(tools, "")))

const toolsSpan = (tools: ReadonlyArray<ToolDefinition>, marker: string): Span => ({
  text: marked(toolsJson(tools), marker, "}"),
  pieces: () => toolPieces(tools, marker)
})

const systemSpan = (system: string, marker: string): Span => {
  const pieces = list([{ of: { _tag: "System" }, text: textBlock(system) }], marker)
  return { text: joined(pieces), pieces: () => pieces }
}

/** None if nothing of the message may be sent; the API joins the neighbours it leaves, which then have the same role. */
const messagePieces = ({ content, role }: Message, message: number, marker: string): ReadonlyArray<Piece> => {
  const blocks = content.flatMap((part, block): ReadonlyArray<Piece> => {
    const text = blockJson(part)
    return text === "" ? [] : [{ of: { _tag: "Block", message, block }, text }]
  })
  return blocks.length === 0 ? [] : [envelope(`{"role":"${role}","content":[`), ...list(blocks, marker), envelope("]}")]
}

const messageJson = once((message: Message): string => joined(messagePieces(message, 0, "")))

const messageSpan = (message: Message, index: number, marker: string): Span => ({
  text: marked(messageJson(message), marker, "}]}"),
  pieces: () => messagePieces(message, index, marker)
})

/** The API takes no marker on a model's thinking, and of a block that we do not know we cannot say. */
const canBeMarked = once((message: Message): boolean => {
  const last = message.content.findLast((part) => blockJson(part) !== "")?._tag
  return last !== "Thinking" && last !== "Opaque"
})

/**
 * Up to a marker the API keeps a request, and takes from there what an earlier one has left. It looks back from a marker
 * over 20 blocks only, so one stands where the request before this one ended, however much has been said since. Of the four
 * markers it allows, the others are for the tools, the system prompt and the end.
 */
const layout = (head: string, settings: AnthropicSettings, request: ModelRequest): ReadonlyArray<Span> => {
  const { messages, system, tools } = request
  const marker =
    settings.cache_control === undefined ? "" : `,"cache_control":${JSON.stringify(settings.cache_control)}`
  const isUsers = (message: Message) => message.role === "user" && messageJson(message) !== ""
  const end = messages.findLastIndex(isUsers)
  const before = messages.slice(0, Math.max(end, 0)).findLastIndex(isUsers)
  const spans = [
    plain(
      `{"model":${JSON.stringify(request.model.model)}${head}` +
        (settings.thinking === undefined ? "" : `,"thinking":${JSON.stringify(settings.thinking)}`)
    ),
    ...(tools.length === 0 ? [] : [plain(`,"tools":[`), toolsSpan(tools, marker), plain("]")]),
    ...(visible(system) ? [plain(`,"system":[`), systemSpan(system, marker), plain("]")] : []),
    plain(`,"messages":[`)
  ]
  const { length } = spans
  messages.forEach((message, index) => {
    if (messageJson(message) === "") return
    if (spans.length > length) spans.push(comma)
    const isEnd = (index === end || index === before) && canBeMarked(message)
    spans.push(messageSpan(message, index, isEnd ? marker : ""))
  })
  spans.push(plain("]}"))
  return spans
}

const whole = (settings: AnthropicSettings, request: ModelRequest): ReadonlyArray<Span> =>
  layout(`,"max_tokens":${settings.max_tokens},"stream":true`, settings, request)

const text = (spans: ReadonlyArray<Span>): string => spans.map(({ text }) => text).join("")

/**
 * The body of a `POST /v1/messages` (Anthropic Messages API), as JSON text. What changes least comes first, in the order in
 * which the API caches it, and each message keeps its bytes from request to request: with the same settings, system prompt
 * and tools, the text up to the closing `]}` is a prefix of the next request's, but for the cache markers, which are moved
 * on. Costs what is new, plus one concatenation.
 */
export const body = (settings: AnthropicSettings, request: ModelRequest): string => text(whole(settings, request))

/** The same body in its pieces. A block that may not be sent has none; one with a marker has two, around it. */
export const pieces = (settings: AnthropicSettings, request: ModelRequest): ReadonlyArray<Piece> =>
  whole(settings, request).flatMap((span) => span.pieces())

/** The body of a `POST /v1/messages/count_tokens`: the same, without what is about the answer. */
export const countBody = (settings: AnthropicSettings, request: ModelRequest): string =>
  text(layout("", settings, request))
