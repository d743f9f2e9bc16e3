import type { Block, ResultContent, ToolCall, ToolResult } from "@parley/domain/Content"
import { imageTypeOf } from "@parley/domain/ImageBytes"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import {
  documentText,
  failedWithoutReason,
  foreign,
  isBase64,
  omitted,
  toolInput,
  visible
} from "../request/SendableText.ts"
import { parseObject, string } from "../text/JsonObject.ts"
import { accepts } from "./GeminiModels.ts"
import { sentName } from "./GeminiNames.ts"

/** The `provider` of every block that is sent back to the API unchanged. */
export const provider = "gemini"

/** What the API accepts instead of the signature of a call that the model did not make itself. */
const unsigned = "skip_thought_signature_validator"

/** A part of a content, and the block that it comes from. */
export interface Part {
  readonly block: number
  readonly text: string
}

const textPart = (text: string): object => ({ text: text.toWellFormed() })

type Media = Exclude<ResultContent, { readonly _tag: "Text" }>

const file = (block: Media): object => {
  const { data, mediaType } = block
  // The type according to the data takes precedence over the declared type.
  const mimeType = (block._tag === "Image" ? imageTypeOf(data) : undefined) ?? mediaType
  if (Object.hasOwn(accepts, mimeType) && isBase64(data)) return { inlineData: { mimeType, data } }
  const words = block._tag === "Document" ? documentText(block) : Option.none<string>()
  return textPart(Option.getOrElse(words, () => omitted(block._tag, mediaType)))
}

const isFile = (part: object): boolean => "inlineData" in part

const callPart = (call: ToolCall): object => ({
  // Parsed, because the API rejects an object with the same key twice. It reads numbers as JavaScript does.
  functionCall: { id: call.callId, name: sentName(call.name), args: parseObject(toolInput(call)) ?? {} }
})

/** The result of a call, and its files, which are a part of the result or parts of their own. */
const resultParts = ({ callId, content, isError }: ToolResult, name: string, nests: boolean): ReadonlyArray<object> => {
  const parts = content.map((part) => (part._tag === "Text" ? textPart(part.text) : file(part)))
  const files = parts.filter(isFile)
  const texts = parts.map((part) => ("text" in part ? string(part.text) : "[file]")).filter(visible)
  const output = texts.length === 0 && isError ? failedWithoutReason : texts.join("\n\n")
  const functionResponse = {
    id: callId,
    name: sentName(name),
    response: isError ? { error: output } : { output },
    ...(nests && files.length > 0 ? { parts: files } : {})
  }
  return [{ functionResponse }, ...(nests ? [] : files)]
}

const signatureOf = (raw: string): object | undefined => {
  const part = parseObject(raw)
  return part !== undefined && hasProperty(part, "thoughtSignature") && string(part.thoughtSignature) !== ""
    ? part
    : undefined
}

/**
 * The parts of a response of a model. A signature is a block before the one it belongs to, because no other block has a place
 * for it. Models that check signatures require one for the first call of a response, also if another model made the call.
 */
export const modelParts = (content: ReadonlyArray<Block>, isSigned: boolean): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let pending: { readonly block: number; readonly thoughtSignature: unknown } | undefined
  let hasCall = false
  const push = (block: number, part: object): void => {
    const { thoughtSignature } = pending ?? {}
    pending = undefined
    parts.push({ block, text: JSON.stringify(thoughtSignature === undefined ? part : { ...part, thoughtSignature }) })
  }
  const flush = (): void => {
    if (pending !== undefined) push(pending.block, { text: "" })
  }
  for (const [i, block] of content.entries()) {
    switch (block._tag) {
      case "Text":
        if (visible(block.text)) push(i, textPart(block.text))
        else flush()
        break
      case "Thinking": {
        const part = block.provider === provider ? signatureOf(block.raw) : undefined
        if (part === undefined) break
        flush()
        if ("text" in part) parts.push({ block: i, text: block.raw })
        else pending = { block: i, thoughtSignature: "thoughtSignature" in part ? part.thoughtSignature : "" }
        break
      }
      case "Opaque": {
        const part = block.provider === provider ? parseObject(block.raw) : undefined
        const words = foreign(block)
        if (part === undefined && words === "") break
        if (part === undefined) push(i, textPart(words))
        else if (pending === undefined) parts.push({ block: i, text: block.raw })
        else push(i, part)
        break
      }
      case "ToolCall":
        if (isSigned && !hasCall) pending ??= { block: i, thoughtSignature: unsigned }
        hasCall = true
        push(i, callPart(block))
        break
      default:
        break
    }
  }
  flush()
  return parts
}

/**
 * The parts of a message to a model: all results of a turn come first, in the order of the calls. `names` are those of the
 * calls, by id.
 */
export const userParts = (
  content: ReadonlyArray<Block>,
  names: ReadonlyMap<string, string>,
  isSigned: boolean
): ReadonlyArray<Part> => {
  const results: Array<Part> = []
  const rest: Array<Part> = []
  for (const [block, one] of content.entries()) {
    if (one._tag === "ToolResult") {
      const [result, ...files] = resultParts(one, names.get(one.callId) ?? "", isSigned)
      results.push({ block, text: JSON.stringify(result) })
      rest.push(...files.map((part): Part => ({ block, text: JSON.stringify(part) })))
    } else if (one._tag === "Text") {
      if (visible(one.text)) rest.push({ block, text: JSON.stringify(textPart(one.text)) })
    } else if (one._tag === "Image" || one._tag === "Document") rest.push({ block, text: JSON.stringify(file(one)) })
  }
  return [...results, ...rest]
}
