import type { Opaque, ToolCall } from "@parley/domain/Content"
import * as InputBounds from "@parley/domain/InputBounds"
import * as JsonText from "@parley/domain/JsonText"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Base64 from "effect/encoding/Base64"
import { parseObject } from "../text/JsonObject.ts"

/** Whether a text contains more than white space. APIs reject text that does not, so such text is left out. */
export const visible = (text: string): boolean => text.trim() !== ""

export const isBase64 = (data: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(data)

const isPlainText = (mediaType: string): boolean =>
  /^text\/|[/+](json|xml|yaml|toml|javascript|typescript)$/i.test(mediaType.replace(/;.*$/s, "").trim())

/** The text of a document; none if it is not plain text or contains only white space. */
export const documentText = ({ data, mediaType }: { readonly data: string; readonly mediaType: string }) =>
  isPlainText(mediaType) ? Option.filter(Result.getSuccess(Base64.decodeString(data)), visible) : Option.none<string>()

/** A type that an API rejects would make every later request fail, so this text replaces the file. */
export const omitted = (kind: "Image" | "Document", mediaType: string): string =>
  `[${kind.toLowerCase()} of type ${mediaType === "" ? "unknown" : mediaType}, which cannot be shown]`

/**
 * Replaces a block of a kind that only the provider that sent it accepts, such as the result of one of its own tools. Empty
 * for thinking, which is nothing to another model.
 */
export const foreign = ({ kind, provider }: Opaque): string =>
  kind === "redacted_thinking" ? "" : `[a block of type ${kind || "unknown"} from ${provider}, which cannot be shown]`

/** A model may invent a name. A name that the API rejects would make every later request fail, so it is corrected. */
export const toolName = (name: string): string =>
  name === "" ? "_" : name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 64)

/**
 * The input of a call as it is sent back: verbatim, so that numbers and key order are sent as the model wrote them. Input
 * that was rejected and never given to a tool is replaced, because it would make every later request as large or as deeply
 * nested as itself.
 */
export const toolInput = ({ input }: ToolCall): string => {
  const usable = InputBounds.broken(input) === undefined && parseObject(input) !== undefined
  // Older logs may contain text that is not well-formed, which is no longer accepted.
  return usable ? JsonText.wellFormed(input) : "{}"
}

/** Replaces the content of a failed result that contains none. */
export const failedWithoutReason = "The tool failed and gave no reason."
