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
import { sendable } from "./AnthropicCitations.ts"
import { images } from "./AnthropicModels.ts"
import { parseObject } from "../text/JsonObject.ts"

export const textBlock = (text: string): string => JSON.stringify({ type: "text", text: text.toWellFormed() })

/** What the rest of a request decides about the form of its images and documents. */
export interface MediaForm {
  /** The longest side of an image that the API accepts, in pixels. */
  readonly maxPixels: number
  /** Whether the model is asked to cite the documents. The API requires that of all documents of a request, or of none. */
  readonly citations: boolean
}

export const fewImages = { maxPixels: 8000 }
export const manyImages = { from: 21, maxPixels: 2000 }
export const plainForm: MediaForm = { ...fewImages, citations: false }

/** A longer side would make the API reject this request and every later one. Undefined if the image may be sent. */
const tooLong = (data: string, most: number): string | undefined => {
  const size = imageSizeOf(data)
  if (size === undefined || Math.max(size.width, size.height) <= most) return undefined
  const where = most === fewImages.maxPixels ? "" : ` in a request with ${manyImages.from} images or more`
  return `[image of ${size.width} × ${size.height} pixels, which cannot be shown: the API accepts up to ${most} pixels on each side${where}]`
}

const file = (block: Exclude<ResultContent, { readonly _tag: "Text" }>, form: MediaForm): string => {
  const { data, mediaType } = block
  const instead = () => textBlock(omitted(block._tag, mediaType))
  if (block._tag === "Image") {
    // The type according to the data takes precedence over the declared type, because the API compares the two.
    const type = imageTypeOf(data) ?? mediaType
    const long = tooLong(data, form.maxPixels)
    if (long !== undefined) return textBlock(long)
    return images.has(type) && isBase64(data)
      ? JSON.stringify({ type: "image", source: { type: "base64", media_type: type, data } })
      : instead()
  }
  const more = {
    ...(block.name === undefined || !visible(block.name) ? {} : { title: block.name.toWellFormed() }),
    ...(form.citations ? { citations: { enabled: true } } : {})
  }
  if (mediaType === "application/pdf" && isBase64(data))
    return JSON.stringify({ type: "document", source: { type: "base64", media_type: mediaType, data }, ...more })
  return Option.match(documentText(block), {
    onNone: instead,
    onSome: (text) =>
      JSON.stringify({ type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...more })
  })
}

const result = (content: ReadonlyArray<ResultContent>, form: MediaForm): ReadonlyArray<string> =>
  content.flatMap((part) =>
    part._tag !== "Text" ? [file(part, form)] : visible(part.text) ? [textBlock(part.text)] : []
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

const citing = (block: Extract<Block, { readonly _tag: "Text" }>): string => {
  const text = textOrNothing(block.text)
  const citations = block.citations === undefined || text === "" ? [] : sendable(block, provider)
  return citations.length === 0 ? text : `${text.slice(0, -1)},"citations":[${citations.join(",")}]}`
}

/**
 * The JSON text of a message's block in the API's format; an empty string if the block must not be sent. Images that
 * are too large for the form are replaced by a text.
 */
export const blockJson = (part: Block, form: MediaForm = plainForm): string => {
  switch (part._tag) {
    case "Text":
      return citing(part)
    case "Thinking":
      return part.provider === provider && isSigned(part.raw) ? part.raw : ""
    case "Opaque":
      if (part.provider === provider) return parseObject(part.raw) === undefined ? "" : part.raw
      return textOrNothing(foreign(part))
    case "Image":
    case "Document":
      return file(part, form)
    case "ToolCall":
      return toolUse(part)
    case "ToolResult": {
      const content = result(part.content, form)
      const parts = content.length > 0 || !part.isError ? content : [textBlock(failedWithoutReason)]
      return (
        `{"type":"tool_result","tool_use_id":${JSON.stringify(part.callId)}` +
        `${parts.length === 0 ? "" : `,"content":[${parts.join(",")}]`}${part.isError ? ',"is_error":true' : ""}}`
      )
    }
  }
}
