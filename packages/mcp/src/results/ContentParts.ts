import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { imageTypeOf } from "@parley/domain/ImageBytes"
import { type ResultContent, text as textBlock } from "@parley/domain/Content"
import { endingOf, type Keep } from "./Keeping.ts"
import { plainLine } from "@parley/domain/VisibleText"

/** The size limit of one image that providers accept, in characters of base64. */
export const imageCharacters = 5 * 1024 * 1024

// Content that is not valid base64 would make providers reject every later request of the session.
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

const maybe = Schema.optionalKey(Schema.Unknown)
const Part = Schema.Union([
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("image"), data: Schema.String, mimeType: maybe }),
  Schema.Struct({ type: Schema.Literal("audio"), data: Schema.String, mimeType: maybe }),
  Schema.Struct({ type: Schema.Literal("resource_link"), uri: Schema.String, name: maybe, description: maybe }),
  Schema.Struct({
    type: Schema.Literal("resource"),
    resource: Schema.Struct({ uri: Schema.String, mimeType: maybe, text: maybe, blob: maybe })
  })
])
const decodePart = Schema.decodeUnknownOption(Part)

const label = (value: unknown): string => (typeof value === "string" ? plainLine(value, 300) : "")
const words = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(" ")
const sizeOf = (data: string): string => `${Math.floor((data.length * 3) / 4)} bytes`

/** Stores the bytes that base64 encodes, and returns the path of the file. Invalid base64 is not stored. */
export const keepData = (keep: Keep, data: string, mediaType: unknown): string | undefined =>
  base64.test(data) && data.length % 4 === 0
    ? Result.getOrUndefined(Result.map(Base64.decode(data), (bytes) => keep(bytes, endingOf(mediaType))))?.path
    : undefined

const keptAt = (path: string | undefined): string => (path === undefined ? "" : `; for the user it is kept in ${path}`)

/** The type of an image is determined from its bytes, not from the type that the server declares. */
const imageOf = (data: string, declared: unknown, keep: Keep): ResultContent => {
  const mediaType = imageTypeOf(data)
  const described = words("image", label(declared), sizeOf(data))
  const unshown = (why: string) => textBlock(`[${described}: ${why}${keptAt(keepData(keep, data, declared))}]`)
  if (data.length > imageCharacters) return unshown("too large to be shown")
  if (data.length % 4 !== 0 || !base64.test(data)) return textBlock(`[${described}: not valid base64]`)
  return mediaType === undefined ? unshown("a kind that cannot be shown") : { _tag: "Image", mediaType, data }
}

/** Converts one content part of a response for a model. If it cannot be shown, it is described, and its data is stored. */
export const contentOf = (value: unknown, keep: Keep): ResultContent => {
  const part = Option.getOrUndefined(decodePart(value))
  switch (part?.type) {
    case "text":
      return textBlock(part.text)
    case "image":
      return imageOf(part.data, part.mimeType, keep)
    case "audio": {
      const described = words("audio", label(part.mimeType), sizeOf(part.data))
      return textBlock(`[${described}: cannot be played${keptAt(keepData(keep, part.data, part.mimeType))}]`)
    }
    case "resource_link": {
      const about = label(part.description)
      return textBlock(`[link ${words(label(part.name), `<${label(part.uri)}>`)}${about === "" ? "" : `: ${about}`}]`)
    }
    case "resource": {
      const { blob, mimeType, text, uri } = part.resource
      const heading = words("resource", `<${label(uri)}>`, label(mimeType))
      if (typeof text === "string") return textBlock(`[${heading}]\n${text}`)
      if (typeof blob !== "string") return textBlock(`[${heading}, empty]`)
      return textBlock(`[${heading}, ${sizeOf(blob)} of binary data${keptAt(keepData(keep, blob, mimeType))}]`)
    }
    case undefined: {
      const type = typeof value === "object" && value !== null && "type" in value ? label(value.type) : ""
      return textBlock(`[content of an unknown kind${type === "" ? "" : `: ${type}`}]`)
    }
  }
}

/** The text of a text part; `undefined` for any other part. */
export const textOf = (value: unknown): string | undefined => {
  const part = Option.getOrUndefined(decodePart(value))
  return part?.type === "text" ? part.text : undefined
}
