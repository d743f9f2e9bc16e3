import type { StopReason } from "@parley/domain/ProviderChunk"
import { latest, type Usage } from "@parley/domain/Usage"
import { add, isFull, type OpenBlock, sizeOf, start, stop } from "./AnthropicBlocks.ts"
import { fromApi } from "./AnthropicError.ts"
import { count, string } from "../text/JsonObject.ts"
import type { WireDelta, WireEvent, WireUsage } from "./AnthropicWire.ts"
import { ResponseReader } from "../stream/ResponseReader.ts"

const stops: ReadonlyMap<unknown, StopReason> = new Map<unknown, StopReason>([
  ["end_turn", "end"],
  ["tool_use", "tool-calls"],
  ["max_tokens", "length"],
  ["stop_sequence", "stop-sequence"],
  ["pause_turn", "pause"],
  ["refusal", "refusal"],
  ["model_context_window_exceeded", "context-window"]
])

const usageOf = (usage: WireUsage): Usage => ({
  inputTokens: count(usage.input_tokens),
  outputTokens: count(usage.output_tokens),
  cacheReadTokens: count(usage.cache_read_input_tokens),
  cacheWriteTokens: count(usage.cache_creation_input_tokens)
})

const detailOf = (delta: WireDelta): string => {
  const { category, explanation } = delta.stop_details ?? {}
  if (delta.stop_reason === "refusal") return [string(category), string(explanation)].filter((s) => s !== "").join(": ")
  if (delta.stop_reason === "stop_sequence") return string(delta.stop_sequence)
  return stops.has(delta.stop_reason) ? "" : string(delta.stop_reason)
}

/**
 * Decodes one response of the Anthropic Messages API. The stream must have the API's order (`message_start`, blocks by
 * ascending index, `message_delta`, `message_stop`), otherwise decoding fails. Unknown events, blocks, deltas and stop
 * reasons are accepted, as the API's versioning policy requires.
 */
export class AnthropicResponse extends ResponseReader {
  private started = false
  /** The blocks by index; undefined for a block that has stopped. */
  private readonly blocks: Array<OpenBlock | undefined> = []
  private responseId = ""
  private last: WireDelta = {}

  protected override handles(_data: string, name: string): boolean {
    return name === "ping"
  }

  protected override whole(body: WireEvent): void {
    if (body.type === "error") this.event(body, "")
  }

  protected event(event: WireEvent, data: string): void {
    switch (event.type) {
      case "content_block_delta": {
        const { delta, index } = event
        const block = typeof index === "number" ? this.blocks[index] : undefined
        if (block === undefined || typeof index !== "number")
          return this.fail(`a delta for block ${this.name(index)}, which is not open`)
        if (typeof delta !== "object" || delta === null || !add(index, block, delta, this.out))
          return this.fail(`a delta that does not match the type of block ${index}`)
        if (isFull(block) && string(delta.partial_json) !== "") this.dropped = true
        return this.grow(sizeOf(block, delta))
      }
      case "content_block_start":
        return this.start(event, data)
      case "content_block_stop": {
        const { index } = event
        const block = typeof index === "number" ? this.blocks[index] : undefined
        if (block === undefined || typeof index !== "number")
          return this.fail(`block ${this.name(index)} stopped and was not open`)
        this.blocks[index] = undefined
        return stop(index, block, this.out)
      }
      case "message_start": {
        const { message } = event
        if (this.started) return this.fail("the message started twice")
        if (typeof message !== "object" || message === null) return this.fail("the message started without a message")
        if ((message.role ?? "assistant") !== "assistant")
          return this.fail(`the message has role ${this.name(message.role)}`)
        this.started = true
        this.responseId = string(message.id)
        this.usage = usageOf(message.usage ?? {})
        this.out.push({ _tag: "UsageSoFar", usage: this.usage })
        return
      }
      case "message_delta":
        if (!this.started) return this.fail("the message changed before it started")
        this.usage = latest(this.usage, usageOf(event.usage ?? {}))
        // Usage may be reported again after the stop reason. Only another stop reason replaces a stop reason.
        if (typeof event.delta?.stop_reason === "string") this.last = event.delta
        return
      case "message_stop":
        return this.started ? this.finish() : this.fail("the message stopped before it started")
      case "error":
        this.failure = fromApi(
          {
            type: string(event.error?.type),
            code: string(event.error?.details?.error_code),
            message: string(event.error?.message),
            ...this.quoted(string(event.request_id))
          },
          this.secret
        )
        return
    }
  }

  private start({ content_block, index }: WireEvent, data: string): void {
    if (!this.started) return this.fail("a block started before the message")
    if (index !== this.blocks.length)
      return this.fail(`block ${this.name(index)} started, expected ${this.blocks.length}`)
    if (typeof content_block !== "object" || content_block === null) return this.fail(`block ${index} has no content`)
    const block = start(index, content_block, data, this.out)
    if (block === undefined)
      return this.fail(`block ${index} is a ${this.name(content_block.type)} that cannot be used`)
    this.blocks.push(block)
    this.grow(data.length)
  }

  private finish(): void {
    // A missing `content_block_stop` loses nothing: the content is there, and the stop reason states whether it is complete.
    for (const [index, block] of this.blocks.entries()) if (block !== undefined) stop(index, block, this.out)
    const { stop_reason } = this.last
    const detail = detailOf(this.last)
    this.done = true
    this.out.push({
      _tag: "Finish",
      stop: stops.get(stop_reason) ?? "other",
      usage: this.usage,
      ...(stop_reason === undefined ? { detail: "no reason given" } : detail === "" ? {} : { detail }),
      ...(this.responseId === "" ? {} : { responseId: this.responseId })
    })
  }
}
