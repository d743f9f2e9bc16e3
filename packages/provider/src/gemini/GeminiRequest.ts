import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import type { ToolDefinition } from "@parley/domain/Tool"
import { once } from "../request/Once.ts"
import { envelope, joined, list } from "../request/Pieces.ts"
import { visible } from "../request/SendableText.ts"
import { modelParts, type Part, userParts } from "./GeminiContent.ts"
import { isSigned } from "./GeminiModels.ts"
import { sentName } from "./GeminiNames.ts"
import * as GeminiOutput from "./GeminiOutput.ts"
import type { GeminiSettings } from "./GeminiSettings.ts"

// The schema must describe an object, and the API does not document these at its root. Without them the model receives a less
// precise schema; the input is still checked against the full schema before the tool is called.
const notAtRoot = new Set(["anyOf", "oneOf", "allOf", "enum", "not", "$schema"])

const toolJson = once(({ description, inputSchema, name }: ToolDefinition): string =>
  JSON.stringify({
    name: sentName(name),
    description,
    parametersJsonSchema: Object.fromEntries(Object.entries(inputSchema).filter(([key]) => !notAtRoot.has(key)))
  })
)

const toolPieces = (tools: ReadonlyArray<ToolDefinition>): ReadonlyArray<Piece> =>
  list(tools.map((tool) => ({ of: { _tag: "Tool", name: tool.name }, text: toolJson(tool) })))

const noNames: ReadonlyMap<string, string> = new Map()

/** The names of the calls of a message. Results do not contain them, and the API requires them. */
const namesIn = (message: Message | undefined): ReadonlyMap<string, string> =>
  message === undefined
    ? noNames
    : new Map(
        message.content.flatMap((block) => (block._tag === "ToolCall" ? [[block.callId, block.name] as const] : []))
      )

const partsOf = (message: Message, names: ReadonlyMap<string, string>, signs: boolean): ReadonlyArray<Part> =>
  message.role === "assistant" ? modelParts(message.content, signs) : userParts(message.content, names, signs)

const textOf = (parts: ReadonlyArray<Part>): string => parts.map(({ text }) => text).join(",")

/** A message follows the same calls in all requests, so that its text does not depend on the request. */
const texts = { signed: new WeakMap<Message, string>(), unsigned: new WeakMap<Message, string>() }

const textIn = (request: ModelRequest, index: number, signs: boolean): string => {
  const message = request.messages[index]
  if (message === undefined) return ""
  const cache = signs ? texts.signed : texts.unsigned
  const known = cache.get(message) ?? textOf(partsOf(message, namesIn(request.messages[index - 1]), signs))
  cache.set(message, known)
  return known
}

const roleOf = ({ role }: Message): string => (role === "assistant" ? "model" : role)

/** What separates a message from the one before it that is sent. Messages of the same role become one content. */
const between = (before: Message | undefined, { role }: Message, name: string): string =>
  before?.role === role ? "," : `${before === undefined ? "" : "]},"}{"role":"${name}","parts":[`

/** Everything before the messages. */
const headPieces = (settings: GeminiSettings, request: ModelRequest): ReadonlyArray<Piece> => {
  const { system, tools } = request
  return [
    envelope(`{"generationConfig":${JSON.stringify({ ...settings, ...GeminiOutput.config(request) })}`),
    ...(tools.length === 0
      ? []
      : [envelope(`,"tools":[{"functionDeclarations":[`), ...toolPieces(tools), envelope("]}]")]),
    ...(visible(system)
      ? [
          envelope(`,"systemInstruction":{"parts":[{"text":`),
          { of: { _tag: "System" as const }, text: JSON.stringify(system.toWellFormed()) },
          envelope("}]}")
        ]
      : []),
    envelope(`,"contents":[`)
  ]
}

/**
 * The body of a `POST …:streamGenerateContent`, as JSON text. The bytes of each message stay the same in all requests: with
 * the same settings, system prompt and tools, the text up to the closing `]}]}` is a prefix of the next request.
 */
export const body = (settings: GeminiSettings, request: ModelRequest): string => {
  const signs = isSigned(request.model.model)
  let text = joined(headPieces(settings, request))
  let before: Message | undefined
  for (const [i, message] of request.messages.entries()) {
    const parts = textIn(request, i, signs)
    if (parts === "") continue
    text += between(before, message, roleOf(message)) + parts
    before = message
  }
  return `${text}${before === undefined ? "" : "]}"}]}`
}

/** The pieces of the same body. */
export const pieces = (settings: GeminiSettings, request: ModelRequest): ReadonlyArray<Piece> => {
  const signs = isSigned(request.model.model)
  const all: Array<Piece> = [...headPieces(settings, request)]
  let before: Message | undefined
  for (const [message, one] of request.messages.entries()) {
    const parts = partsOf(one, namesIn(request.messages[message - 1]), signs)
    if (parts.length === 0) continue
    all.push(envelope(between(before, one, roleOf(one))))
    for (const piece of list(parts.map(({ block, text }) => ({ of: { _tag: "Block", message, block }, text }))))
      all.push(piece)
    before = one
  }
  return [...all, envelope(`${before === undefined ? "" : "]}"}]}`)]
}
