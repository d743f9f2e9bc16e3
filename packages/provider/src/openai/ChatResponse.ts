import type { StopReason } from "@parley/domain/ProviderChunk"
import { latest, type Usage } from "@parley/domain/Usage"
import { hasProperty, isObject } from "effect/Predicate"
import { ResponseReader } from "../stream/ResponseReader.ts"
import { count, string } from "../text/JsonObject.ts"
import { excerpt } from "../text/Text.ts"
import { ChatCalls } from "./ChatCalls.ts"
import type { ChatCallDelta, ChatChoice, ChatChunk, ChatDelta, ChatUsage } from "./ChatWire.ts"
import { reported } from "./OpenAiError.ts"

/** The `provider` of thinking blocks. The API has no way to send them back, so their `raw` is empty. */
const provider = "openai-chat"

const stops: ReadonlyMap<string, StopReason> = new Map<string, StopReason>([
  ["stop", "end"],
  ["eos", "end"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"],
  ["length", "length"],
  ["content_filter", "refusal"]
])

const usageOf = ({ completion_tokens, prompt_tokens, prompt_tokens_details }: ChatUsage): Usage => {
  const cacheReadTokens = count(prompt_tokens_details?.cached_tokens)
  const cacheWriteTokens = count(prompt_tokens_details?.cache_write_tokens)
  return {
    // The API counts cached tokens as part of the prompt.
    inputTokens: Math.max(0, count(prompt_tokens) - cacheReadTokens - cacheWriteTokens),
    outputTokens: count(completion_tokens),
    cacheReadTokens,
    cacheWriteTokens
  }
}

/** Content is a text, or a list of parts by some servers. Parts that are not text are ignored. */
const textOf = (content: unknown): string =>
  Array.isArray(content)
    ? content.map((part: unknown) => (hasProperty(part, "text") ? string(part.text) : "")).join("")
    : string(content)

const isChoice = (value: unknown): value is ChatChoice => isObject(value)
const isCallDelta = (value: unknown): value is ChatCallDelta => isObject(value)

/**
 * Decodes one response of a Chat Completions API. Servers differ widely, so this requires only what is needed: the response
 * is complete once its finish reason has arrived, and a response that ends without one has failed.
 */
export class ChatResponse extends ResponseReader {
  private responseId = ""
  private reason = ""
  private refusal = ""
  private blocks = 0
  private open: { readonly kind: "text" | "thinking"; readonly index: number } | undefined
  private readonly calls = new ChatCalls(() => this.blocks++)

  protected override handles(data: string): boolean {
    if (data.trim() !== "[DONE]") return false
    if (this.reason === "") this.fail("the stream ended without a finish reason")
    else this.finish()
    return true
  }

  /** Some servers do not send `[DONE]`. The finish reason then shows that the response is complete. */
  protected override atEnd(): void {
    if (this.reason === "") super.atEnd()
    else this.finish()
  }

  protected override whole(body: ChatChunk): void {
    if (this.errorOf(body) !== undefined) this.event(body)
  }

  protected event(chunk: ChatChunk): void {
    const error = this.errorOf(chunk)
    if (error !== undefined) {
      this.failure = reported(error, this.secret, this.quoted(""))
      return
    }
    if (this.responseId === "") this.responseId = string(chunk.id)
    if (isObject(chunk.usage)) {
      this.usage = latest(this.usage, usageOf(chunk.usage))
      this.out.push({ _tag: "UsageSoFar", usage: this.usage })
    }
    const choice = Array.isArray(chunk.choices) ? chunk.choices.find(isChoice) : undefined
    if (choice === undefined) return
    if (isObject(choice.delta)) this.delta(choice.delta)
    // Some servers repeat the last chunk with another reason or none. The first one counts.
    if (this.reason === "") this.reason = string(choice.finish_reason)
    if (this.reason === "error") this.failure ??= reported({ type: "server_error" }, this.secret, this.quoted(""))
  }

  private errorOf(chunk: ChatChunk): unknown {
    if (chunk.error !== undefined && chunk.error !== null) return chunk.error
    return chunk.object === "error" ? chunk : undefined
  }

  private delta(delta: ChatDelta): void {
    this.text("thinking", string(delta.reasoning_content) || string(delta.reasoning))
    this.text("text", textOf(delta.content))
    const refusal = string(delta.refusal)
    this.refusal += refusal
    this.text("text", refusal)
    if (!Array.isArray(delta.tool_calls)) return
    delta.tool_calls.filter(isCallDelta).forEach((call, position) => {
      this.close()
      const { dropped, size } = this.calls.add(call, position, this.out)
      this.dropped ||= dropped
      this.grow(size)
    })
  }

  private text(kind: "text" | "thinking", text: string): void {
    if (text === "") return
    if (this.open?.kind !== kind) this.close()
    this.open ??= { kind, index: this.blocks++ }
    this.out.push({ _tag: kind === "text" ? "TextDelta" : "ThinkingDelta", index: this.open.index, text })
    this.grow(text.length)
  }

  private close(): void {
    if (this.open?.kind === "thinking")
      this.out.push({ _tag: "ThinkingEnd", index: this.open.index, provider, raw: "" })
    this.open = undefined
  }

  private finish(): void {
    this.close()
    if (this.calls.nameless) return this.fail("a tool call has no name")
    const known = stops.get(this.reason)
    // Some servers report `stop` although the response contains calls.
    const stop = known === "end" && this.calls.count > 0 ? "tool-calls" : (known ?? "other")
    const detail = excerpt(
      this.refusal !== "" ? this.refusal : known === undefined ? this.reason : "",
      300,
      this.secret
    )
    this.done = true
    this.out.push({
      _tag: "Finish",
      stop: this.refusal === "" ? stop : "refusal",
      usage: this.usage,
      ...(detail === "" ? {} : { detail }),
      ...(this.responseId === "" ? {} : { responseId: this.responseId })
    })
  }
}
