import * as JsonText from "@parley/domain/JsonText"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as InputPieces from "../stream/InputPieces.ts"
import * as AnthropicCitations from "./AnthropicCitations.ts"
import type { WireBlock, WireDelta } from "./AnthropicWire.ts"
import { string } from "../text/JsonObject.ts"
import { member, withMember } from "../text/RawJson.ts"

/** The `provider` of every block that is sent back to the API unchanged. */
export const provider = "anthropic"

/** A content block that has started and has not stopped yet. */
export type OpenBlock =
  | { readonly kind: "text" }
  | { readonly kind: "thinking"; thinking: string; signature: string }
  | { readonly kind: "tool"; readonly input: string; given: number }
  | {
      readonly kind: "opaque"
      readonly type: string
      readonly raw: string
      readonly text: string
      readonly added: { input: string; text: string }
      whole: boolean
    }

/** Matches the JSON values that mean that no input has arrived yet. */
const nothing = /^(?:null|""|\{\s*\})?$/

/** Whether a member of a delta is absent. Null counts as absent. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null

/** Starts a block. `raw` is the text of its event. Returns undefined for a block that the API must not send. */
export const start = (
  index: number,
  block: WireBlock,
  raw: string,
  out: Array<ProviderChunk>
): OpenBlock | undefined => {
  switch (block.type) {
    case "text":
      if (typeof block.text === "string" && block.text !== "") out.push({ _tag: "TextDelta", index, text: block.text })
      if (Array.isArray(block.citations)) AnthropicCitations.add(index, block.citations, provider, out)
      return { kind: "text" }
    case "thinking": {
      const thinking = string(block.thinking)
      if (thinking !== "") out.push({ _tag: "ThinkingDelta", index, text: thinking })
      return { kind: "thinking", thinking, signature: string(block.signature) }
    }
    case "tool_use": {
      if (typeof block.name !== "string" || block.name === "") return undefined
      out.push({ _tag: "ToolCallStart", index, providerId: string(block.id), name: block.name })
      // Empty in streams of the Anthropic API; a compatible server may send the whole input here and no deltas.
      const input = member(member(raw, "content_block") ?? "", "input") ?? ""
      return { kind: "tool", input: nothing.test(input) ? "" : input, given: 0 }
    }
    case "tool_result":
      return undefined
    default: {
      const type = string(block.type)
      const text = member(raw, "content_block") ?? ""
      return {
        kind: "opaque",
        type,
        raw: text,
        text: string(block.text),
        added: { input: "", text: "" },
        whole: type !== "" && text !== ""
      }
    }
  }
}

const giveInput = (
  index: number,
  block: Extract<OpenBlock, { readonly kind: "tool" }>,
  json: string,
  out: Array<ProviderChunk>
): void => {
  const given = InputPieces.kept(block.given, json)
  if (given === "") return
  block.given += given.length
  out.push({ _tag: "ToolInputDelta", index, json: given })
}

/** Whether the block has reached its size limit, so that nothing more of it is passed on. */
export const isFull = (block: OpenBlock): boolean => block.kind === "tool" && InputPieces.isFull(block.given)

/** The number of characters that a delta adds to the response. Dropped tool input does not count. */
export const sizeOf = (block: OpenBlock, delta: WireDelta): number =>
  string(delta.text).length +
  string(delta.thinking).length +
  (isFull(block) ? 0 : string(delta.partial_json).length) +
  (delta.type === "citations_delta" ? (JSON.stringify(delta.citation)?.length ?? 0) : 0)

/** Adds a delta to its block. Returns false if it does not match the block's kind. Unknown kinds of deltas are ignored. */
export const add = (index: number, block: OpenBlock, delta: WireDelta, out: Array<ProviderChunk>): boolean => {
  switch (delta.type) {
    case "text_delta":
      if (block.kind === "opaque") block.added.text += string(delta.text)
      else if (block.kind !== "text" || !(isAbsent(delta.text) || typeof delta.text === "string")) return false
      else if (string(delta.text) !== "") out.push({ _tag: "TextDelta", index, text: string(delta.text) })
      return true
    case "citations_delta":
      if (block.kind === "opaque") block.whole = false
      else if (block.kind !== "text") return false
      else AnthropicCitations.add(index, [delta.citation], provider, out)
      return true
    case "input_json_delta":
      if (block.kind === "opaque") block.added.input += string(delta.partial_json)
      else if (block.kind !== "tool" || !(isAbsent(delta.partial_json) || typeof delta.partial_json === "string"))
        return false
      else giveInput(index, block, string(delta.partial_json), out)
      return true
    case "thinking_delta":
      if (block.kind !== "thinking" || !(isAbsent(delta.thinking) || typeof delta.thinking === "string")) return false
      if (typeof delta.thinking === "string" && delta.thinking !== "") {
        block.thinking += delta.thinking
        out.push({ _tag: "ThinkingDelta", index, text: delta.thinking })
      }
      return true
    case "signature_delta":
      if (block.kind !== "thinking" || !(isAbsent(delta.signature) || typeof delta.signature === "string")) return false
      // Not appended: like the official SDK, use the last signature.
      if (typeof delta.signature === "string") block.signature = delta.signature
      return true
    default:
      // Because the delta is unknown, the block can no longer be reconstructed as the API requires it.
      if (block.kind === "opaque") block.whole = false
      return true
  }
}

const opaqueRaw = (block: Extract<OpenBlock, { readonly kind: "opaque" }>): string => {
  if (!block.whole) return ""
  const { input, text } = block.added
  const first = input === "" ? block.raw : (withMember(block.raw, "input", input) ?? "")
  return text === "" || first === "" ? first : (withMember(first, "text", JSON.stringify(block.text + text)) ?? "")
}

/** Ends a block. Emits the chunks that require the complete block. */
export const stop = (index: number, block: OpenBlock, out: Array<ProviderChunk>): void => {
  switch (block.kind) {
    case "text":
      return
    case "tool":
      if (block.given === 0) giveInput(index, block, block.input, out)
      return
    case "thinking": {
      const { signature, thinking } = block
      // The API rejects thinking without its signature. It also rejects lone surrogates, and they cannot be repaired,
      // because the signature covers them. A block with an empty `raw` is shown to people and never sent back.
      const raw =
        signature === "" || !thinking.isWellFormed() ? "" : JSON.stringify({ type: "thinking", thinking, signature })
      out.push({ _tag: "ThinkingEnd", index, provider, raw })
      return
    }
    case "opaque": {
      const raw = opaqueRaw(block)
      // If it were repaired, it would no longer be the block that the API sent.
      const sendable = JsonText.wellFormed(raw) === raw
      out.push({ _tag: "OpaqueBlock", index, provider, kind: block.type, raw: sendable ? raw : "" })
      return
    }
  }
}
