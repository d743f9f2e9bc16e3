import type { Block, ResultContent, ToolCall } from "@parley/domain/Content"
import { imageTypeOf } from "@parley/domain/ImageBytes"
import * as InputBounds from "@parley/domain/InputBounds"
import * as JsonText from "@parley/domain/JsonText"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Base64 from "effect/encoding/Base64"
import { provider } from "./AnthropicBlocks.ts"
import { images } from "./AnthropicModels.ts"
import { parseObject } from "./AnthropicWire.ts"

export const textBlock = (text: string): string => JSON.stringify({ type: "text", text: text.toWellFormed() })

/** The API rejects text without a visible character, so such text is left out. */
export const visible = (text: string): boolean => text.trim() !== ""

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
  if (block._tag === "Image") {
    // What its bytes say counts for more than what it was called: the API compares the two.
    const type = imageTypeOf(data) ?? mediaType
    return images.has(type) && isBase64(data)
      ? JSON.stringify({ type: "image", source: { type: "base64", media_type: type, data } })
      : omitted()
  }
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

/** A block of a message as the API takes it; empty if it may not be sent. */
export const blockJson = (part: Block): string => {
  switch (part._tag) {
    case "Text":
      return visible(part.text) ? textBlock(part.text) : ""
    case "Thinking":
      return part.provider === provider && isSigned(part.raw) ? part.raw : ""
    case "Opaque":
      return part.provider === provider && parseObject(part.raw) !== undefined ? part.raw : ""
    case "Image":
    case "Document":
      return file(part)
    case "ToolCall":
      return toolUse(part)
    case "ToolResult": {
      const content = result(part.content)
      const said = content.length > 0 || !part.isError ? content : [textBlock("The tool failed and gave no reason.")]
      return (
        `{"type":"tool_result","tool_use_id":${JSON.stringify(part.callId)}` +
        `${said.length === 0 ? "" : `,"content":[${said.join(",")}]`}${part.isError ? ',"is_error":true' : ""}}`
      )
    }
  }
}
