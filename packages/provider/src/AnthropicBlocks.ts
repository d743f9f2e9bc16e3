import { maxInputBytes } from "@parley/domain/InputBounds"
import * as JsonText from "@parley/domain/JsonText"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { WireBlock, WireDelta } from "./AnthropicWire.ts"
import { string } from "./AnthropicWire.ts"
import { member, withMember } from "./RawJson.ts"

/** The `provider` of every block that goes back to the API as it came. */
export const provider = "anthropic"

/** A content block that has started and not stopped. */
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

/** What stands for no input yet. */
const nothing = /^(?:null|""|\{\s*\})?$/

/** Whether a member of a delta is there: null says what its absence says. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null

/** Starts a block. `raw` is the text of the event it came in. Undefined: the API may not send such a block. */
export const start = (
  index: number,
  block: WireBlock,
  raw: string,
  out: Array<ProviderChunk>
): OpenBlock | undefined => {
  switch (block.type) {
    case "text":
      if (typeof block.text === "string" && block.text !== "") out.push({ _tag: "TextDelta", index, text: block.text })
      return { kind: "text" }
    case "thinking": {
      const thinking = string(block.thinking)
      if (thinking !== "") out.push({ _tag: "ThinkingDelta", index, text: thinking })
      return { kind: "thinking", thinking, signature: string(block.signature) }
    }
    case "tool_use": {
      if (typeof block.name !== "string" || block.name === "") return undefined
      out.push({ _tag: "ToolCallStart", index, providerId: string(block.id), name: block.name })
      // Empty in the API's own streams; a compatible server may send all of the input here and no deltas.
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

/**
 * Passes tool input on up to the first character beyond its bound, and drops the rest: enough to show that the call is too
 * large to be run, whatever stands in the part that is kept.
 */
const giveInput = (
  index: number,
  block: Extract<OpenBlock, { readonly kind: "tool" }>,
  json: string,
  out: Array<ProviderChunk>
): void => {
  const left = maxInputBytes + 1 - block.given
  const kept = json.length <= left ? json : json.slice(0, left)
  if (kept === "") return
  block.given += kept.length
  out.push({ _tag: "ToolInputDelta", index, json: kept })
}

/** Nothing more of the block is passed on. */
export const isFull = (block: OpenBlock): boolean => block.kind === "tool" && block.given > maxInputBytes

/** How many characters of the answer an event adds: what is dropped of a tool's input counts for nothing. */
export const sizeOf = (block: OpenBlock, delta: WireDelta): number =>
  string(delta.text).length + string(delta.thinking).length + (isFull(block) ? 0 : string(delta.partial_json).length)

/** Adds a delta to its block. False: the block is of another kind. Unknown kinds of delta are let pass. */
export const add = (index: number, block: OpenBlock, delta: WireDelta, out: Array<ProviderChunk>): boolean => {
  switch (delta.type) {
    case "text_delta":
      if (block.kind === "opaque") block.added.text += string(delta.text)
      else if (block.kind !== "text" || !(isAbsent(delta.text) || typeof delta.text === "string")) return false
      else if (string(delta.text) !== "") out.push({ _tag: "TextDelta", index, text: string(delta.text) })
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
      // Not appended: the official SDK, too, lets the last one stand.
      if (typeof delta.signature === "string") block.signature = delta.signature
      return true
    default:
      // Without knowing the delta, the block can no longer be put together as the API wants it back.
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

/** Ends a block. What only makes sense whole is emitted here. */
export const stop = (index: number, block: OpenBlock, out: Array<ProviderChunk>): void => {
  switch (block.kind) {
    case "text":
      return
    case "tool":
      if (block.given === 0) giveInput(index, block, block.input, out)
      return
    case "thinking": {
      const { signature, thinking } = block
      // The API rejects thinking without its signature, and half a character, which the signature covers; an empty `raw` is
      // shown to people and never sent back.
      const raw =
        signature === "" || !thinking.isWellFormed() ? "" : JSON.stringify({ type: "thinking", thinking, signature })
      out.push({ _tag: "ThinkingEnd", index, provider, raw })
      return
    }
    case "opaque": {
      const raw = opaqueRaw(block)
      // Repaired, it would no longer be the API's own block.
      const sendable = JsonText.wellFormed(raw) === raw
      out.push({ _tag: "OpaqueBlock", index, provider, kind: block.type, raw: sendable ? raw : "" })
      return
    }
  }
}
