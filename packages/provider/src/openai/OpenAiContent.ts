import type { Accepts } from "@parley/domain/FilesManager"
import type { ResultContent } from "@parley/domain/Content"
import { imageTypeOf } from "@parley/domain/ImageBytes"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Option from "effect/Option"
import { strictForm } from "./OpenAiOutput.ts"
import { documentText, failedWithoutReason, isBase64, omitted, visible } from "../request/SendableText.ts"

const mebibyte = 1024 * 1024

/** The image types that the APIs support. A request may have 50 MB, and other servers accept less. Documents: none. */
export const accepts: Accepts = {
  "image/jpeg": 5 * mebibyte,
  "image/png": 5 * mebibyte,
  "image/gif": 5 * mebibyte,
  "image/webp": 5 * mebibyte
}

/** The image as a `data:` address, or the text that replaces a file that cannot be sent. */
export const media = (
  block: Exclude<ResultContent, { readonly _tag: "Text" }>
): { readonly _tag: "Url"; readonly url: string } | { readonly _tag: "Words"; readonly text: string } => {
  const { data, mediaType } = block
  if (block._tag === "Document")
    return { _tag: "Words", text: Option.getOrElse(documentText(block), () => omitted(block._tag, mediaType)) }
  // The type according to the data takes precedence over the declared type, because the APIs compare the two.
  const type = imageTypeOf(data) ?? mediaType
  return Object.hasOwn(accepts, type) && isBase64(data)
    ? { _tag: "Url", url: `data:${type};base64,${data}` }
    : { _tag: "Words", text: omitted(block._tag, mediaType) }
}

/** The text of a tool result. The APIs have no flag for a failure, so the text reports it. Images are sent separately. */
export const resultText = (content: ReadonlyArray<ResultContent>, isError: boolean): string => {
  const texts = content.flatMap((part) => {
    if (part._tag === "Text") return visible(part.text) ? [part.text] : []
    const shown = media(part)
    return shown._tag === "Words" ? [shown.text] : ["[image]"]
  })
  if (!isError) return texts.join("\n\n")
  return texts.length === 0 ? failedWithoutReason : `The tool failed:\n${texts.join("\n\n")}`
}

// OpenAI rejects every request with a tool whose schema has one of these at its root. Without it the model receives a less
// precise schema; the input is still checked against the full schema before the tool is called.
const notAtRoot = new Set(["anyOf", "oneOf", "allOf", "enum", "not"])

/**
 * A tool as both APIs describe it. `strict` only if the tool is marked and its schema has a strict form: most schemas allow
 * more than the strict subset, and the API would reject them.
 */
export const toolFields = ({ description, inputSchema, name, strict }: ToolDefinition) => {
  const form = strict === true ? strictForm(inputSchema) : undefined
  const plain = {
    // Required by the API, although JSON Schema does not require it.
    properties: {},
    ...Object.fromEntries(Object.entries(inputSchema).filter(([key]) => !notAtRoot.has(key)))
  }
  return { name, description, parameters: form ?? plain, strict: form !== undefined }
}
