import { imageTypeOf } from "@parley/domain/ImageBytes"
import type { ResourceContent } from "@parley/domain/McpCatalog"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"
import { byteLength, cut } from "../text/Cut.ts"

/** The limits of one resource. Content beyond them is left out, and a note in its place states how much. */
export const contentLimits = {
  textBytes: 256 * 1024,
  parts: 100,
  /** The size limit of one image that providers accept, in characters of base64. */
  imageCharacters: 5 * 1024 * 1024,
  /** For all images and documents together, in characters of base64. */
  mediaCharacters: 32 * 1024 * 1024
}

const maybe = Schema.optionalKey(Schema.Unknown)
const decodeAnswer = Schema.decodeUnknownOption(Schema.Struct({ contents: Schema.Array(Schema.Unknown) }))
const decodePart = Schema.decodeUnknownOption(Schema.Struct({ uri: maybe, mimeType: maybe, text: maybe, blob: maybe }))

const pdf = "application/pdf"
/** The media types that models accept. */
const shown = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", pdf])

/**
 * The type of an image is determined from its bytes, not from the declared type: a provider would reject every later request
 * that contains content of another type than declared.
 */
const actualType = (data: string, declared: string): string | undefined =>
  declared === pdf ? (data.startsWith("JVBERi0") ? pdf : undefined) : imageTypeOf(data)

const base64 = /^[A-Za-z0-9+/]+={0,2}$/

const label = (value: unknown): string => (typeof value === "string" ? plainLine(value, 300) : "")
const sizeOf = (data: string): number => Math.floor((data.length * 3) / 4)

/** An image or a document, or the reason why it cannot be shown. */
const mediaOf = (data: string, declared: string, uri: string): ResourceContent | string => {
  if (!shown.has(declared)) return "a kind that cannot be shown"
  if (data.length % 4 !== 0 || !base64.test(data)) return "not valid base64"
  const mediaType = actualType(data, declared)
  if (mediaType === undefined) return "it is not what its type says"
  if (!mediaType.startsWith("image/"))
    return {
      _tag: "Media",
      uri,
      block: { _tag: "Document", mediaType, data, name: uri.slice(uri.lastIndexOf("/") + 1) }
    }
  if (data.length > contentLimits.imageCharacters) return "too large to be shown"
  return { _tag: "Media", uri, block: { _tag: "Image", mediaType, data } }
}

const partOf = (value: unknown, asked: string): ResourceContent => {
  const part = Option.getOrUndefined(decodePart(value))
  const uri = label(part?.uri) === "" ? asked : label(part?.uri)
  const mimeType = label(part?.mimeType)
  const typed = mimeType === "" ? {} : { mimeType }
  if (typeof part?.text === "string") return { _tag: "Text", uri, ...typed, text: part.text }
  if (typeof part?.blob !== "string")
    return { _tag: "Described", uri, ...typed, words: "a part with neither text nor data" }
  // Parameters of the media type, such as a charset, do not matter here.
  const media = mediaOf(part.blob, mimeType.replace(/;.*$/, "").trim().toLowerCase(), uri)
  if (typeof media !== "string") return media
  const kind = mimeType === "" ? "data of no known type" : mimeType
  return { _tag: "Described", uri, ...typed, words: `${kind}, ${sizeOf(part.blob)} bytes: ${media}` }
}

/** Applies the limits for a resource as a whole. */
const limited = (parts: ReadonlyArray<ResourceContent>, asked: string): ReadonlyArray<ResourceContent> => {
  const left = { text: contentLimits.textBytes, media: contentLimits.mediaCharacters }
  const kept = parts.slice(0, contentLimits.parts).map((part): ResourceContent => {
    if (part._tag === "Described") return part
    if (part._tag === "Media") {
      const { data, mediaType } = part.block
      const words = `${mediaType}, ${sizeOf(data)} bytes: too large to be shown beside the others`
      if (data.length > left.media) return { _tag: "Described", uri: part.uri, mimeType: mediaType, words }
      left.media -= data.length
      return part
    }
    const short = cut(wellFormed(part.text), left.text)
    left.text -= short.leftOut === 0 ? byteLength(short.text) : left.text
    const text = short.leftOut === 0 ? short.text : `${short.text}\n[… ${short.leftOut} more bytes are left out]`
    return part.mimeType === undefined
      ? { _tag: "Text", uri: part.uri, text }
      : { _tag: "Text", uri: part.uri, mimeType: part.mimeType, text }
  })
  const beyond = parts.length - contentLimits.parts
  return beyond <= 0 ? kept : [...kept, { _tag: "Described", uri: asked, words: `${beyond} more parts are left out` }]
}

/**
 * Decodes a response to `resources/read`; `undefined` if it is not one. `asked` is the requested URI. Text is well-formed,
 * without NUL and at most 256 KiB in total. The types of images and PDFs are verified by their bytes. Anything else is
 * described in words.
 */
export const readContents = (answer: unknown, asked: string): ReadonlyArray<ResourceContent> | undefined => {
  const contents = Option.getOrUndefined(decodeAnswer(answer))?.contents
  const uri = plainLine(asked, 300)
  return contents === undefined
    ? undefined
    : limited(
        contents.map((part) => partOf(part, uri)),
        uri
      )
}
