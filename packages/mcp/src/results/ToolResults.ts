import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ResultContent, text as textBlock } from "@parley/domain/Content"
import type { ToolOutput } from "@parley/domain/Tool"
import { contentOf, imageCharacters, keepData, textOf } from "./ContentParts.ts"
import { type Keep, type KeptFile, keepNothing } from "./Keeping.ts"
import { cutMiddle } from "../text/Cut.ts"
import { wellFormed } from "@parley/domain/VisibleText"
import { structuredText } from "./StructuredContent.ts"

/** The limits of one result. Content beyond them is left out, and a note in the result states how much. */
export const resultLimits = {
  /**
   * About sixteen thousand tokens, a twelfth of a common context window: a result is part of every later request of its
   * session, and a model that needs more can read the stored result piece by piece.
   */
  textBytes: 64 * 1024,
  parts: 200,
  images: 20,
  imageCharacters
}

const maybe = Schema.optionalKey(Schema.Unknown)
const Answer = Schema.Struct({ content: maybe, structuredContent: maybe, isError: maybe })
const decodeAnswer = Schema.decodeUnknownOption(Answer)

const whereItIs = (whole: KeptFile | undefined): string => {
  if (whole === undefined) return ""
  const read = whole.readWith === undefined ? "" : ` in ${whole.name}: read it with ${whole.readWith}`
  return `. All of its text is kept${read}; for the user the file is ${whole.path}`
}

/** Selects the images that are shown, and stores the others. */
const limitImages = (
  within: ReadonlyArray<ResultContent>,
  beyond: ReadonlyArray<ResultContent>,
  keep: Keep
): { readonly shown: ReadonlySet<ResultContent>; readonly leftOut: number; readonly paths: ReadonlyArray<string> } => {
  const images = within.filter((part) => part._tag === "Image")
  const shown = new Set(images.slice(0, resultLimits.images))
  const others = [...images.slice(resultLimits.images), ...beyond.filter((part) => part._tag === "Image")]
  const paths = others.flatMap(({ data, mediaType }) => keepData(keep, data, mediaType) ?? [])
  return { shown, leftOut: images.length - shown.size, paths }
}

/**
 * Applies the limits for a result as a whole. Text that does not fit is reduced to its beginning and its end, with a line
 * between them that states how much is missing; the complete text is passed to `keep`.
 */
export const limitContent = (content: ReadonlyArray<ResultContent>, keep: Keep): ReadonlyArray<ResultContent> => {
  const sound = content.map((part) => (part._tag === "Text" ? textBlock(wellFormed(part.text)) : part))
  const within = sound.slice(0, resultLimits.parts)
  const beyond = sound.slice(resultLimits.parts)
  const images = limitImages(within, beyond, keep)
  const texts = within.flatMap((part) => (part._tag === "Text" ? [part.text] : []))
  const cut = cutMiddle(texts, resultLimits.textBytes)

  let text = -1
  const kept = within.flatMap((part): ReadonlyArray<ResultContent> => {
    if (part._tag === "Image") return images.shown.has(part) ? [part] : []
    if (part._tag !== "Text") return [part]
    text += 1
    const { head, tail } = cut.texts[text] ?? { head: "", tail: "" }
    const gap = text === cut.gap ? `[… ${cut.leftOut} bytes left out here …]` : ""
    // Providers refuse empty text blocks.
    return [head, gap, tail].filter((piece) => piece !== "").map((piece) => textBlock(piece))
  })
  const notes = [
    ...(cut.leftOut > 0 ? [`${cut.leftOut} bytes of text`] : []),
    ...(images.leftOut > 0 ? [`${images.leftOut} images`] : []),
    ...(beyond.length > 0 ? [`${beyond.length} parts`] : [])
  ]
  if (notes.length === 0) return kept
  const all = sound.flatMap((part) => (part._tag === "Text" && part.text !== "" ? [part.text] : []))
  const whole = cut.leftOut > 0 || beyond.some((part) => part._tag === "Text") ? keep(all.join("\n"), "txt") : undefined
  const pictures = images.paths.length === 0 ? "" : `. For the user the images are ${images.paths.join(", ")}`
  return [...kept, textBlock(`[The result was cut: ${notes.join(", ")} left out${whereItIs(whole)}${pictures}]`)]
}

/**
 * Converts a response to `tools/call` for a model. It never fails: content that cannot be shown is described in words. Text
 * is well-formed, without NUL and at most 64 KiB in total, of which the beginning and the end are kept. Images have a type
 * and size that providers accept. Structured content is added unless the text has the same value. A failure always has some
 * text. Content that is left out is passed to `keep` in full.
 */
export const toOutput = (answer: unknown, keep: Keep = keepNothing): ToolOutput => {
  const { content, isError, structuredContent } = Option.getOrElse(decodeAnswer(answer), (): typeof Answer.Type => ({
    content: [{ type: "text", text: "[an answer that is not a tool result]" }],
    isError: true
  }))
  const sent: ReadonlyArray<unknown> = Array.isArray(content) ? content : []
  const parts = sent.map((part) => contentOf(part, keep))
  const structured = structuredText(
    structuredContent,
    sent.flatMap((part) => textOf(part) ?? [])
  )
  const result = limitContent(structured === undefined ? parts : [...parts, textBlock(structured)], keep)
  return isError === true && result.length === 0
    ? { isError: true, content: [textBlock("The tool failed and did not say why.")] }
    : { isError: isError === true, content: result }
}
