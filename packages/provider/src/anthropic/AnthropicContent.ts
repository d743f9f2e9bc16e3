import type { Block, ResultContent, ToolCall } from "@parley/domain/Content"
import { imageTypeOf } from "@parley/domain/ImageBytes"
import { imageSizeOf } from "@parley/domain/ImageSize"
import type { Message } from "@parley/domain/Message"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import {
  documentText,
  failedWithoutReason,
  foreign,
  isBase64,
  omitted,
  toolInput,
  toolName,
  visible
} from "../request/SendableText.ts"
import { provider } from "./AnthropicBlocks.ts"
import { images } from "./AnthropicModels.ts"
import { parseObject } from "../text/JsonObject.ts"

export const textBlock = (text: string): string => JSON.stringify({ type: "text", text: text.toWellFormed() })

/** The longest side of an image that the API accepts, in pixels. */
export const maxPixels = 8000

/** The same in a request with many images. */
export const manyImages = { from: 21, maxPixels: 2000 }

/** A longer side would make the API reject this request and every later one. Undefined if the image may be sent. */
const tooLong = (data: string, most: number): string | undefined => {
  const size = imageSizeOf(data)
  if (size === undefined || Math.max(size.width, size.height) <= most) return undefined
  const where = most === maxPixels ? "" : ` in a request with ${manyImages.from} images or more`
  return `[image of ${size.width} × ${size.height} pixels, which cannot be shown: the API accepts up to ${most} pixels on each side${where}]`
}

const file = (block: Exclude<ResultContent, { readonly _tag: "Text" }>, most: number): string => {
  const { data, mediaType } = block
  const instead = () => textBlock(omitted(block._tag, mediaType))
  if (block._tag === "Image") {
    // The type according to the data takes precedence over the declared type, because the API compares the two.
    const type = imageTypeOf(data) ?? mediaType
    const long = tooLong(data, most)
    if (long !== undefined) return textBlock(long)
    return images.has(type) && isBase64(data)
      ? JSON.stringify({ type: "image", source: { type: "base64", media_type: type, data } })
      : instead()
  }
  const title = block.name === undefined || !visible(block.name) ? {} : { title: block.name.toWellFormed() }
  if (mediaType === "application/pdf" && isBase64(data))
    return JSON.stringify({ type: "document", source: { type: "base64", media_type: mediaType, data }, ...title })
  return Option.match(documentText(block), {
    onNone: instead,
    onSome: (text) =>
      JSON.stringify({ type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...title })
  })
}

const result = (content: ReadonlyArray<ResultContent>, most: number): ReadonlyArray<string> =>
  content.flatMap((part) =>
    part._tag !== "Text" ? [file(part, most)] : visible(part.text) ? [textBlock(part.text)] : []
  )

/** The number of images in a message. */
export const imagesIn = ({ content }: Message): number =>
  content
    .flatMap((block): ReadonlyArray<Block> => (block._tag === "ToolResult" ? block.content : [block]))
    .filter(({ _tag }) => _tag === "Image").length

const toolUse = (call: ToolCall): string => {
  const head = JSON.stringify({ type: "tool_use", id: call.callId, name: toolName(call.name) })
  return `${head.slice(0, -1)},"input":${toolInput(call)}}`
}

/** The API rejects thinking without its signature. Redacted thinking has no signature. */
const isSigned = (raw: string): boolean => {
  const block = parseObject(raw)
  if (block === undefined || !Predicate.hasProperty(block, "type") || block.type !== "thinking")
    return block !== undefined
  return Predicate.hasProperty(block, "signature") && typeof block.signature === "string" && block.signature !== ""
}

const textOrNothing = (text: string): string => (visible(text) ? textBlock(text) : "")

/**
 * The JSON text of a message's block in the API's format; an empty string if the block must not be sent. Images with a side
 * longer than `most` pixels are replaced by a text.
 */
export const blockJson = (part: Block, most: number = maxPixels): string => {
  switch (part._tag) {
    case "Text":
      return textOrNothing(part.text)
    case "Thinking":
      return part.provider === provider && isSigned(part.raw) ? part.raw : ""
    case "Opaque":
      if (part.provider === provider) return parseObject(part.raw) === undefined ? "" : part.raw
      return textOrNothing(foreign(part))
    case "Image":
    case "Document":
      return file(part, most)
    case "ToolCall":
      return toolUse(part)
    case "ToolResult": {
      const content = result(part.content, most)
      const parts = content.length > 0 || !part.isError ? content : [textBlock(failedWithoutReason)]
      return (
        `{"type":"tool_result","tool_use_id":${JSON.stringify(part.callId)}` +
        `${parts.length === 0 ? "" : `,"content":[${parts.join(",")}]`}${part.isError ? ',"is_error":true' : ""}}`
      )
    }
  }
}
