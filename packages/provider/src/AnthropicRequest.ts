import type { ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages"
import * as InputBounds from "@parley/domain/InputBounds"
import * as JsonText from "@parley/domain/JsonText"
import type { Block, ResultContent, ToolCall } from "@parley/domain/Content"
import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Predicate from "effect/Predicate"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { provider } from "./AnthropicBlocks.ts"
import { parseObject } from "./AnthropicWire.ts"

export interface RequestSettings {
  readonly maxOutputTokens: number
  readonly thinking?: ThinkingConfigParam
  /** Ask the API to cache the request up to its last block. */
  readonly caching: boolean
}

const textBlock = (text: string): string => JSON.stringify({ type: "text", text: text.toWellFormed() })

/** The API rejects text without a visible character, so such text is left out. */
const visible = (text: string): boolean => text.trim() !== ""

const images: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"])

const isBase64 = (data: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(data)

const isPlainText = (mediaType: string): boolean =>
  /^text\/|[/+](json|xml|yaml|toml|javascript|typescript)$/i.test(mediaType.replace(/;.*$/s, "").trim())

const file = (block: Exclude<ResultContent, { readonly _tag: "Text" }>): string => {
  const { data, mediaType } = block
  // A type that the API rejects would make every later request fail, so the model is told of it instead.
  const omitted = () =>
    textBlock(
      `[${block._tag.toLowerCase()} of type ${mediaType === "" ? "unknown" : mediaType}, which cannot be shown]`
    )
  if (block._tag === "Image")
    return images.has(mediaType) && isBase64(data)
      ? JSON.stringify({ type: "image", source: { type: "base64", media_type: mediaType, data } })
      : omitted()
  const title = block.name === undefined || !visible(block.name) ? {} : { title: block.name.toWellFormed() }
  if (mediaType === "application/pdf" && isBase64(data))
    return JSON.stringify({ type: "document", source: { type: "base64", media_type: mediaType, data }, ...title })
  if (!isPlainText(mediaType)) return omitted()
  return Result.match(Base64.decodeString(data), {
    onFailure: omitted,
    onSuccess: (text) =>
      visible(text)
        ? JSON.stringify({ type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...title })
        : omitted()
  })
}

const result = (content: ReadonlyArray<ResultContent>): ReadonlyArray<string> =>
  content.flatMap((part) => (part._tag !== "Text" ? [file(part)] : visible(part.text) ? [textBlock(part.text)] : []))

/** A model may make up a name; one that the API rejects would come back with every later request. */
const toolName = (name: string): string => (name === "" ? "_" : name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 64))

const toolUse = ({ callId, input, name }: ToolCall): string => {
  const head = JSON.stringify({ type: "tool_use", id: callId, name: toolName(name) })
  // Verbatim, so that numbers and key order go back as the model wrote them. An input that no tool was given would only
  // make every later request as large or as deep as itself.
  const usable = InputBounds.broken(input) === undefined && parseObject(input) !== undefined
  // Older logs may hold what is no longer let in.
  return `${head.slice(0, -1)},"input":${usable ? JsonText.wellFormed(input) : "{}"}}`
}

/** The API rejects thinking that it cannot recognise as its own. Redacted thinking has no signature. */
const isSigned = (raw: string): boolean => {
  const block = parseObject(raw)
  if (block === undefined || !Predicate.hasProperty(block, "type") || block.type !== "thinking")
    return block !== undefined
  return Predicate.hasProperty(block, "signature") && typeof block.signature === "string" && block.signature !== ""
}

const block = (part: Block): ReadonlyArray<string> => {
  switch (part._tag) {
    case "Text":
      return visible(part.text) ? [textBlock(part.text)] : []
    case "Thinking":
      return part.provider === provider && isSigned(part.raw) ? [part.raw] : []
    case "Opaque":
      return part.provider === provider && parseObject(part.raw) !== undefined ? [part.raw] : []
    case "Image":
    case "Document":
      return [file(part)]
    case "ToolCall":
      return [toolUse(part)]
    case "ToolResult": {
      const content = result(part.content)
      const said = content.length > 0 || !part.isError ? content : [textBlock("The tool failed and gave no reason.")]
      return [
        `{"type":"tool_result","tool_use_id":${JSON.stringify(part.callId)}` +
          `${said.length === 0 ? "" : `,"content":[${said.join(",")}]`}${part.isError ? ',"is_error":true' : ""}}`
      ]
    }
  }
}

/** Computes once per object. Messages and tools are immutable, and the same objects come with every request of a session. */
const once = <A extends object>(f: (value: A) => string): ((value: A) => string) => {
  const known = new WeakMap<A, string>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const text = f(value)
    known.set(value, text)
    return text
  }
}

/** Empty if nothing of the message may be sent; the API joins the neighbours it leaves, which then have the same role. */
const messageJson = once((message: Message): string => {
  const content = message.content.flatMap(block)
  return content.length === 0 ? "" : `{"role":"${message.role}","content":[${content.join(",")}]}`
})

const toolJson = once((tool: ToolDefinition): string =>
  JSON.stringify({ name: tool.name, description: tool.description, input_schema: tool.inputSchema })
)

const toolsJson = once((tools: ReadonlyArray<ToolDefinition>): string => tools.map(toolJson).join(","))

/**
 * The body of a `POST /v1/messages` (Anthropic Messages API), as JSON text. Messages come last, and each keeps its bytes from
 * request to request: with the same model, system prompt and tools, the text up to the closing `]}` is a prefix of the next
 * request's. Costs what is new, plus one concatenation.
 */
export const body = (settings: RequestSettings, request: ModelRequest): string => {
  const tools = toolsJson(request.tools)
  const messages = request.messages.map(messageJson).filter((json) => json !== "")
  return (
    `{"model":${JSON.stringify(request.model.model)},"max_tokens":${settings.maxOutputTokens},"stream":true` +
    (settings.thinking === undefined ? "" : `,"thinking":${JSON.stringify(settings.thinking)}`) +
    (settings.caching ? ',"cache_control":{"type":"ephemeral"}' : "") +
    (request.system === "" ? "" : `,"system":${JSON.stringify(request.system.toWellFormed())}`) +
    (tools === "" ? "" : `,"tools":[${tools}]`) +
    `,"messages":[${messages.join(",")}]}`
  )
}
