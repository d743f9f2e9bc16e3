import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { isObject } from "effect/Predicate"
import * as InputPieces from "../stream/InputPieces.ts"
import { string } from "../text/JsonObject.ts"
import { member } from "../text/RawJson.ts"
import { provider } from "./GeminiContent.ts"
import type { GeminiPart } from "./GeminiWire.ts"

/**
 * Turns the parts of a response into blocks. A part without text of its own kind begins a new block. A signature becomes a
 * block of its own before the block that it belongs to, because only thinking has a place for what is sent back unchanged.
 */
export class GeminiParts {
  /** The number of tool calls so far. */
  calls = 0
  private blocks = 0
  private open: { readonly kind: "text" | "thinking"; readonly index: number } | undefined
  private out: Array<ProviderChunk> = []
  private size = 0
  private readonly nameOf: (name: string) => string

  /** `nameOf` returns the tool for a name that the model calls. */
  constructor(nameOf: (name: string) => string) {
    this.nameOf = nameOf
  }

  /**
   * Adds a part. `raw` is its text, as the server wrote it. Returns the number of characters that it adds, and why it cannot
   * be used, if it cannot.
   */
  add(
    part: GeminiPart,
    raw: () => string,
    out: Array<ProviderChunk>
  ): { readonly size: number; readonly problem: string | undefined } {
    this.out = out
    this.size = 0
    const problem = this.part(part, raw)
    return { size: this.size, problem }
  }

  /** Ends the last block. */
  end(out: Array<ProviderChunk>): void {
    this.out = out
    this.close()
  }

  private part(part: GeminiPart, raw: () => string): string | undefined {
    const signature = string(part.thoughtSignature)
    const text = string(part.text)
    if (isObject(part.functionCall)) {
      this.close()
      this.sign(signature)
      return this.call(part.functionCall, raw())
    }
    if (part.thought === true) {
      this.say("thinking", text)
      if (signature !== "") this.endThinking({ text, thought: true, thoughtSignature: signature })
    } else if (typeof part.text !== "string") return this.other(part, signature, raw)
    else if (signature === "") this.say("text", text)
    else {
      this.close()
      // The last event of a stream often has a signature and no text.
      this.endThinking(text === "" ? { text, thoughtSignature: signature } : { thoughtSignature: signature })
      this.say("text", text)
      this.close()
    }
    return undefined
  }

  /** A part of a kind that this version does not know, or a file. */
  private other(part: GeminiPart, signature: string, raw: () => string): string | undefined {
    const { thought: _, thoughtSignature: __, ...rest } = part
    const [kind] = Object.keys(rest)
    if (kind === "functionResponse") return "the response has a result of a function"
    this.close()
    if (kind === undefined) {
      if (signature !== "") this.endThinking({ text: "", thoughtSignature: signature })
      return undefined
    }
    this.sign(signature)
    const text = signature === "" ? raw() : JSON.stringify(rest)
    this.out.push({ _tag: "OpaqueBlock", index: this.blocks++, provider, kind, raw: text })
    this.size += text.length
    return undefined
  }

  private call({ id, name }: { readonly id?: unknown; readonly name?: unknown }, raw: string): string | undefined {
    if (string(name) === "") return "a tool call has no name"
    const index = this.blocks++
    this.calls++
    const providerId = string(id) === "" ? `call_${this.calls}` : string(id)
    this.out.push({ _tag: "ToolCallStart", index, providerId, name: this.nameOf(string(name)) })
    // The text and not the value: numbers and repeated keys are kept as the model wrote them.
    const given = InputPieces.kept(0, member(member(raw, "functionCall") ?? "", "args") ?? "")
    if (given !== "") this.out.push({ _tag: "ToolInputDelta", index, json: given })
    this.size += given.length
    return undefined
  }

  /** A signature of the part that follows. */
  private sign(thoughtSignature: string): void {
    if (thoughtSignature !== "") this.endThinking({ thoughtSignature })
  }

  private say(kind: "text" | "thinking", text: string): void {
    if (text === "") return
    if (this.open?.kind !== kind) this.close()
    this.open ??= { kind, index: this.blocks++ }
    this.out.push({ _tag: kind === "text" ? "TextDelta" : "ThinkingDelta", index: this.open.index, text })
    this.size += text.length
  }

  /** Ends a block of thinking, or makes one without text. Without a part to send back it is only shown. */
  private endThinking(part: object | undefined): void {
    const index = this.open?.kind === "thinking" ? this.open.index : this.blocks++
    const raw = part === undefined ? "" : JSON.stringify(part)
    this.out.push({ _tag: "ThinkingEnd", index, provider, raw })
    this.open = undefined
    this.size += raw.length
  }

  private close(): void {
    if (this.open?.kind === "thinking") this.endThinking(undefined)
    this.open = undefined
  }
}
