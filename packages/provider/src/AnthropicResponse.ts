import type { ModelErrorReason } from "@parley/domain/ModelError"
import type { ProviderChunk, StopReason } from "@parley/domain/ProviderChunk"
import { latest, type Usage, zero } from "@parley/domain/Usage"
import { add, isFull, type OpenBlock, sizeOf, start, stop } from "./AnthropicBlocks.ts"
import { broken, fromApi } from "./AnthropicError.ts"
import { parseObject, string, type WireDelta, type WireEvent, type WireUsage } from "./AnthropicWire.ts"
import { maxAnswer, maxNoise } from "./Bounds.ts"
import { SseReader } from "./Sse.ts"
import { excerpt } from "./Text.ts"

const stops: ReadonlyMap<unknown, StopReason> = new Map<unknown, StopReason>([
  ["end_turn", "end"],
  ["tool_use", "tool-calls"],
  ["max_tokens", "length"],
  ["stop_sequence", "stop-sequence"],
  ["pause_turn", "pause"],
  ["refusal", "refusal"],
  ["model_context_window_exceeded", "context-window"]
])

const count = (value: unknown): number => {
  const tokens = typeof value === "number" ? Math.trunc(value) : 0
  return Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0
}

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
 * One response of the Anthropic Messages API: bytes in, `ProviderChunk`s out, synchronously. It keeps to the API's order
 * (`message_start`, blocks by ascending index, `message_delta`, `message_stop`) and fails on a stream that does not;
 * events, blocks, deltas and stop reasons it has no word for are let pass, as the API's versioning policy asks for.
 */
export class AnthropicResponse {
  /** Why it failed, if it did. Nothing is read after that. */
  failure: ModelErrorReason | undefined
  /** Set by `message_stop`. Nothing is read after that. */
  done = false

  private readonly secret: string
  private readonly requestId: string | undefined
  private readonly sse: SseReader
  private out: Array<ProviderChunk> = []
  private started = false
  /** By index; undefined once it has stopped. */
  private readonly blocks: Array<OpenBlock | undefined> = []
  private responseId = ""
  private usage: Usage = zero
  /** Characters of its content so far. */
  private size = 0
  /** Bytes since something of the answer came that is passed on. */
  private noise = 0
  /** Something of these bytes was of the answer, and was dropped. */
  private dropped = false
  private last: WireDelta = {}
  /** The first bytes as text, in case none of them turns out to be an event. */
  private head: string | undefined = ""
  private readonly headDecoder = new TextDecoder()

  /** `secret` never appears in an error; `requestId` is quoted in it. */
  constructor(options: { readonly secret: string; readonly requestId?: string }) {
    this.secret = options.secret
    this.requestId = options.requestId
    this.sse = new SseReader((data, event) => {
      this.event(data, event)
    })
  }

  /** The chunks that these bytes complete. */
  feed(bytes: Uint8Array): ReadonlyArray<ProviderChunk> {
    if (this.head !== undefined && this.head.length < 2000)
      this.head += this.headDecoder.decode(bytes.subarray(0, 2000), { stream: true })
    this.sse.feed(bytes)
    if (this.sse.pending > maxAnswer) this.tooLarge("an event")
    this.noise = this.out.length > 0 ? 0 : this.noise + bytes.length
    if (this.noise > maxNoise)
      this.failure ??= broken(`${maxNoise} bytes came without anything of use in them, and no more were read`)
    return this.take()
  }

  /** The bytes are over: a response without `message_stop` has failed. */
  end(): ReadonlyArray<ProviderChunk> {
    this.sse.end()
    if (!this.done && this.failure === undefined) {
      const text = this.head === undefined ? "" : excerpt(this.head, 200, this.secret)
      this.failure = broken(
        this.head === undefined
          ? "the stream ended before the message did"
          : text === ""
            ? "the answer was empty"
            : `the answer is not a stream of events: ${text}`
      )
    }
    return this.take()
  }

  private take(): ReadonlyArray<ProviderChunk> {
    const { dropped, out } = this
    this.out = []
    this.dropped = false
    // A server that sends what is dropped is not silent.
    if (dropped && out.length === 0) out.push({ _tag: "UsageSoFar", usage: this.usage })
    return out
  }

  private fail(detail: string): void {
    this.failure = broken(detail)
  }

  private event(data: string, name: string): void {
    if (this.done || this.failure !== undefined || name === "ping") return
    const event: WireEvent | undefined = parseObject(data)
    if (event === undefined) return this.fail(`an event is not JSON: ${excerpt(data, 200, this.secret)}`)
    this.head = undefined
    switch (event.type) {
      case "content_block_delta": {
        const { delta, index } = event
        const block = typeof index === "number" ? this.blocks[index] : undefined
        if (block === undefined || typeof index !== "number")
          return this.fail(`a delta for block ${this.name(index)}, which is not open`)
        if (typeof delta !== "object" || delta === null || !add(index, block, delta, this.out))
          return this.fail(`a delta that does not fit block ${index}`)
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
        // Usage may be reported again after the reason; only a reason replaces a reason.
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

  private grow(size: number): void {
    this.size += size
    if (this.size > maxAnswer) this.tooLarge("the answer")
  }

  private tooLarge(what: string): void {
    this.failure ??= broken(`${what} is larger than ${maxAnswer} characters, and was not read to its end`)
  }

  private finish(): void {
    // A stop that was left out loses nothing: what came is there, and the reason says whether it is all.
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

  private quoted(fromBody: string): { readonly requestId?: string } {
    const requestId = this.requestId ?? fromBody
    return requestId === "" ? {} : { requestId }
  }

  private name(value: unknown): string {
    // Not `String(value)` for everything: an object of the wire may hold a `toString` that is no function.
    return typeof value === "string" || typeof value === "number"
      ? excerpt(String(value), 40, this.secret)
      : `(${typeof value})`
  }
}
