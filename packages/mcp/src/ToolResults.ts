import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type ResultContent, text as textBlock } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { boundJson } from "./BoundedJson.ts"
import { byteLength, cut, plainLine, wellFormed } from "./PlainText.ts"

/** What one result may hold. What is beyond is left out, and the result says how much that was. */
export const resultLimits = {
  textBytes: 256 * 1024,
  parts: 200,
  images: 20,
  /** Characters of base64 of one image: the most a provider takes. */
  imageCharacters: 5 * 1024 * 1024
}

// What every provider can show. Any other media type, or data that is not base64, would make each later request illegal.
const imageTypes = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"])
const base64 = /^[A-Za-z0-9+/]+={0,2}$/
const structuredLimits = { depth: 64, nodes: 200_000, characters: 16 * 1024 * 1024 }

const maybe = Schema.optionalKey(Schema.Unknown)
const Answer = Schema.Struct({ content: maybe, structuredContent: maybe, isError: maybe })
const Part = Schema.Union([
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("image"), data: Schema.String, mimeType: Schema.String }),
  Schema.Struct({ type: Schema.Literal("audio"), data: Schema.String, mimeType: maybe }),
  Schema.Struct({ type: Schema.Literal("resource_link"), uri: Schema.String, name: maybe, description: maybe }),
  Schema.Struct({
    type: Schema.Literal("resource"),
    resource: Schema.Struct({ uri: Schema.String, mimeType: maybe, text: maybe, blob: maybe })
  })
])
const decodeAnswer = Schema.decodeUnknownOption(Answer)
const decodePart = Schema.decodeUnknownOption(Part)
const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const label = (value: unknown): string => (typeof value === "string" ? plainLine(value, 300) : "")
const words = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(" ")
const sizeOf = (data: string): string => `${Math.floor((data.length * 3) / 4)} bytes`

const imageOf = (data: string, mediaType: string): ResultContent => {
  const type = mediaType.toLowerCase()
  const described = words("image", label(mediaType), sizeOf(data))
  if (!imageTypes.has(type)) return textBlock(`[${described}: a kind that cannot be shown]`)
  if (data.length > resultLimits.imageCharacters) return textBlock(`[${described}: too large to be shown]`)
  if (data.length % 4 !== 0 || !base64.test(data)) return textBlock(`[${described}: not valid base64]`)
  return { _tag: "Image", mediaType: type, data }
}

const contentOf = (value: unknown): ResultContent => {
  const part = Option.getOrUndefined(decodePart(value))
  switch (part?.type) {
    case "text":
      return textBlock(part.text)
    case "image":
      return imageOf(part.data, part.mimeType)
    case "audio":
      return textBlock(`[${words("audio", label(part.mimeType), sizeOf(part.data))}: cannot be played]`)
    case "resource_link": {
      const about = label(part.description)
      return textBlock(`[link ${words(label(part.name), `<${label(part.uri)}>`)}${about === "" ? "" : `: ${about}`}]`)
    }
    case "resource": {
      const { blob, mimeType, text, uri } = part.resource
      const heading = words("resource", `<${label(uri)}>`, label(mimeType))
      if (typeof text === "string") return textBlock(`[${heading}]\n${text}`)
      return textBlock(`[${heading}${typeof blob === "string" ? `, ${sizeOf(blob)} of binary data` : ", empty"}]`)
    }
    case undefined: {
      const type = typeof value === "object" && value !== null && "type" in value ? label(value.type) : ""
      return textBlock(`[content of an unknown kind${type === "" ? "" : `: ${type}`}]`)
    }
  }
}

const saysSomething = (value: unknown): boolean => {
  const part = Option.getOrUndefined(decodePart(value))
  return part?.type === "text" && part.text.trim() !== ""
}

const structuredText = (value: unknown): string => {
  const bounded = boundJson(value, structuredLimits)
  const encoded = bounded === undefined ? undefined : Result.getOrUndefined(encodeJson(bounded))
  return encoded ?? "[structured content, too large or too deep to be shown]"
}

/** Applies the limits that hold for a result as a whole. */
const limited = (content: ReadonlyArray<ResultContent>): ReadonlyArray<ResultContent> => {
  const left = { text: resultLimits.textBytes, images: resultLimits.images }
  const dropped = { bytes: 0, images: 0 }
  const kept = content.slice(0, resultLimits.parts).flatMap((part): ReadonlyArray<ResultContent> => {
    if (part._tag !== "Text") {
      left.images -= 1
      if (left.images >= 0) return [part]
      dropped.images += 1
      return []
    }
    const short = cut(wellFormed(part.text), left.text)
    dropped.bytes += short.leftOut
    left.text -= short.leftOut === 0 ? byteLength(short.text) : left.text
    // Providers refuse empty text blocks.
    return short.text === "" ? [] : [textBlock(short.text)]
  })
  const beyond = content.length - resultLimits.parts
  const notes = [
    ...(dropped.bytes > 0 ? [`${dropped.bytes} bytes of text`] : []),
    ...(dropped.images > 0 ? [`${dropped.images} images`] : []),
    ...(beyond > 0 ? [`${beyond} parts`] : [])
  ]
  return notes.length === 0 ? kept : [...kept, textBlock(`[The result was cut: ${notes.join(", ")} left out]`)]
}

/**
 * What a server answered to `tools/call`, as a model may see it. Nothing makes it fail: what cannot be shown is described
 * in words. Text is well-formed, has no NUL and is at most 256 KiB in all; images are of a kind and size that providers
 * take. Structured content is used when the answer holds no text. A failure is never without words.
 */
export const toOutput = (answer: unknown): ToolOutput => {
  const { content, isError, structuredContent } = Option.getOrElse(decodeAnswer(answer), (): typeof Answer.Type => ({
    content: [{ type: "text", text: "[an answer that is not a tool result]" }],
    isError: true
  }))
  const parts = (Array.isArray(content) ? content : []).map((part: unknown) => contentOf(part))
  const hasText = Array.isArray(content) && content.some(saysSomething)
  const shown =
    hasText || structuredContent === undefined ? parts : [...parts, textBlock(structuredText(structuredContent))]
  const result = limited(shown)
  return isError === true && result.length === 0
    ? { isError: true, content: [textBlock("The tool failed and did not say why.")] }
    : { isError: isError === true, content: result }
}
