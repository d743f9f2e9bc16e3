import type { StopReason } from "@parley/domain/ProviderChunk"
import { latest, type Usage } from "@parley/domain/Usage"
import { isObject } from "effect/Predicate"
import * as InputPieces from "../stream/InputPieces.ts"
import { ResponseReader } from "../stream/ResponseReader.ts"
import { count, string } from "../text/JsonObject.ts"
import { excerpt } from "../text/Text.ts"
import { reported } from "./OpenAiError.ts"
import { provider } from "./ResponsesRequest.ts"
import type { ResponsesEvent, ResponsesItem, ResponsesResult, ResponsesUsage } from "./ResponsesWire.ts"

/** An output item. `given` is the number of characters of tool input that were passed on. */
interface Item {
  readonly kind: "text" | "thinking" | "call"
  readonly index: number
  given: number
  part: unknown
  ended: boolean
}

const stops: ReadonlyMap<unknown, StopReason> = new Map<unknown, StopReason>([
  ["max_output_tokens", "length"],
  ["content_filter", "refusal"]
])

const usageOf = ({ input_tokens, input_tokens_details, output_tokens }: ResponsesUsage): Usage => {
  const cacheReadTokens = count(input_tokens_details?.cached_tokens)
  return {
    // The API counts cached tokens as part of the input.
    inputTokens: Math.max(0, count(input_tokens) - cacheReadTokens),
    outputTokens: count(output_tokens),
    cacheReadTokens,
    cacheWriteTokens: 0
  }
}

/**
 * Decodes one response of the Responses API. It ends with `response.completed`, `response.incomplete` or `response.failed`,
 * otherwise it has failed. Unknown events and items are ignored.
 */
export class ResponsesResponse extends ResponseReader {
  private responseId = ""
  private refusal = ""
  private calls = 0
  private blocks = 0
  private readonly items = new Map<unknown, Item>()

  protected override handles(data: string): boolean {
    return data.trim() === "[DONE]"
  }

  protected override whole(body: ResponsesEvent): void {
    if (isObject(body.error)) this.failure = reported(body.error, this.secret, this.quoted(""))
  }

  protected event(event: ResponsesEvent): void {
    const { delta, item, output_index, response, type } = event
    switch (type) {
      case "response.created":
        if (isObject(response)) this.responseId = string(response.id)
        return
      case "response.output_item.added":
        return isObject(item) ? this.start(output_index, item) : undefined
      case "response.output_text.delta":
        return this.text(output_index, string(delta))
      case "response.refusal.delta":
        this.refusal += string(delta)
        return this.text(output_index, string(delta))
      case "response.reasoning_text.delta":
      case "response.reasoning_summary_text.delta":
        return this.think(output_index, event.summary_index, string(delta))
      case "response.function_call_arguments.delta": {
        const call = this.items.get(output_index)
        return call?.kind === "call"
          ? this.input(call, string(delta))
          : this.fail(`input for item ${this.name(output_index)}, which is not a call`)
      }
      case "response.output_item.done":
        return isObject(item) ? this.stop(output_index, item) : undefined
      case "response.completed":
      case "response.incomplete":
        return this.finish(type === "response.completed", response ?? {})
      case "response.failed":
        this.failure = reported(response?.error, this.secret, this.quoted(""))
        return
      case "error":
        this.failure = reported(
          event.error ?? { code: event.code, message: event.message },
          this.secret,
          this.quoted("")
        )
        return
    }
  }

  private open(at: unknown, kind: Item["kind"]): Item {
    const item: Item = { kind, index: this.blocks++, given: 0, part: undefined, ended: false }
    this.items.set(at, item)
    return item
  }

  private start(at: unknown, item: ResponsesItem): void {
    if (item.type === "reasoning") this.open(at, "thinking")
    if (item.type !== "function_call") return
    const name = string(item.name)
    if (name === "") return this.fail("a tool call has no name")
    const { index } = this.open(at, "call")
    this.calls++
    const id = string(item.call_id)
    this.out.push({ _tag: "ToolCallStart", index, providerId: id === "" ? `call_${this.calls}` : id, name })
  }

  private text(at: unknown, text: string): void {
    if (text === "") return
    const { index, kind } = this.items.get(at) ?? this.open(at, "text")
    if (kind !== "text") return this.fail(`text for item ${this.name(at)}, which is not a message`)
    this.out.push({ _tag: "TextDelta", index, text })
    this.grow(text.length)
  }

  private think(at: unknown, part: unknown, text: string): void {
    if (text === "") return
    const item = this.items.get(at) ?? this.open(at, "thinking")
    if (item.kind !== "thinking") return this.fail(`reasoning for item ${this.name(at)}, which is none`)
    const isNext = item.part !== undefined && item.part !== part
    item.part = part
    this.out.push({ _tag: "ThinkingDelta", index: item.index, text: isNext ? `\n\n${text}` : text })
    this.grow(text.length)
  }

  private input(call: Item, json: string): void {
    const given = InputPieces.kept(call.given, json)
    call.given += given.length
    if (given === "") this.dropped ||= json !== ""
    else this.out.push({ _tag: "ToolInputDelta", index: call.index, json: given })
    this.grow(given.length)
  }

  private stop(at: unknown, item: ResponsesItem): void {
    const known = this.items.get(at)
    if (known?.kind === "call" && known.given === 0) this.input(known, string(item.arguments))
    if (known?.kind === "thinking") this.endThinking(known, item)
  }

  /** Reasoning is sent back as the API requires: with its id and its encrypted content, and without its text. */
  private endThinking(thinking: Item, { encrypted_content, id }: ResponsesItem): void {
    if (thinking.ended) return
    thinking.ended = true
    const raw =
      string(encrypted_content) === "" || string(id) === ""
        ? ""
        : JSON.stringify({ type: "reasoning", id, summary: [], encrypted_content })
    this.out.push({ _tag: "ThinkingEnd", index: thinking.index, provider, raw })
    this.grow(raw.length)
  }

  private finish(isComplete: boolean, { id, incomplete_details, usage }: ResponsesResult): void {
    for (const item of this.items.values()) if (item.kind === "thinking") this.endThinking(item, {})
    if (isObject(usage)) this.usage = latest(this.usage, usageOf(usage))
    if (this.responseId === "") this.responseId = string(id)
    const reason = incomplete_details?.reason
    const complete = this.refusal !== "" ? "refusal" : this.calls > 0 ? "tool-calls" : "end"
    const stop = isComplete ? complete : (stops.get(reason) ?? "other")
    const unknown = string(reason) === "" ? "no reason given" : string(reason)
    const words = this.refusal === "" && stop === "other" ? unknown : this.refusal
    const detail = excerpt(words, 300, this.secret)
    this.done = true
    this.out.push({
      _tag: "Finish",
      stop,
      usage: this.usage,
      ...(detail === "" ? {} : { detail }),
      ...(this.responseId === "" ? {} : { responseId: this.responseId })
    })
  }
}
