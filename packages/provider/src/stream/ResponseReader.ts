import type { ModelErrorReason } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { type Usage, zero } from "@parley/domain/Usage"
import { broken } from "../errors/ThrownError.ts"
import { maxAnswer, maxNoise } from "../text/Bounds.ts"
import { parseObject } from "../text/JsonObject.ts"
import { excerpt } from "../text/Text.ts"
import { SseReader } from "./Sse.ts"

/**
 * Decodes one response that is a stream of events: it receives bytes and returns `ProviderChunk`s, synchronously. A subclass
 * knows the events of one API. This class limits what is read, and recognizes a response that is not an event stream.
 */
export abstract class ResponseReader {
  /** Why decoding failed, if it did. Nothing is read after that. */
  failure: ModelErrorReason | undefined
  /** Set by the last event. Nothing is read after that. */
  done = false

  /** Whether the response may be complete, although the server has not ended it. */
  get mayEnd(): boolean {
    return false
  }

  protected readonly secret: string
  protected readonly requestId: string | undefined
  protected out: Array<ProviderChunk> = []
  protected usage: Usage = zero
  /** Whether the current bytes contained tool input that was dropped. */
  protected dropped = false
  private readonly sse: SseReader
  /** The number of characters of content so far. */
  private size = 0
  /** The number of bytes since the last bytes that completed a chunk. */
  private noise = 0
  /** The beginning of the response as text, for the error message if the response contains no event. */
  private head: string | undefined = ""
  private readonly headDecoder = new TextDecoder()

  /** `secret` never appears in an error; `requestId` is quoted in it. */
  constructor(options: { readonly secret: string; readonly requestId?: string }) {
    this.secret = options.secret
    this.requestId = options.requestId
    this.sse = new SseReader((data, name) => {
      this.one(data, name)
    })
  }

  /** Decodes one event. `data` is its text. */
  protected abstract event(event: object, data: string): void

  /** Reads a JSON object that the server sent instead of an event stream. It may set `failure`. */
  protected whole(_body: object): void {}

  /** Reads any other text that the server sent instead of an event stream. It may set `failure` or end the response. */
  protected unstreamed(_text: string): void {}

  /** The number of characters that are kept of a response without events. */
  protected readonly headLength: number = 2000

  /** Handles an event that is not JSON or needs no reading. Returns whether it is one. */
  protected handles(_data: string, _name: string): boolean {
    return false
  }

  /** Called at the end of the bytes if neither an event ended the response nor decoding failed. */
  protected atEnd(): void {
    this.fail("the stream ended before the message was complete")
  }

  /** Decodes more bytes, and returns the chunks that they complete. */
  feed(bytes: Uint8Array): ReadonlyArray<ProviderChunk> {
    if (this.head !== undefined && this.head.length < this.headLength)
      this.head += this.headDecoder.decode(bytes.subarray(0, this.headLength), { stream: true })
    this.sse.feed(bytes)
    if (this.sse.pending > maxAnswer) this.tooLarge("an event")
    this.noise = this.out.length > 0 ? 0 : this.noise + bytes.length
    if (this.noise > maxNoise)
      this.failure ??= broken(`the server sent ${maxNoise} bytes without usable content, and reading was stopped`)
    return this.take()
  }

  /** Ends the response. A response without its last event has failed. */
  end(): ReadonlyArray<ProviderChunk> {
    this.sse.end()
    if (!this.done && this.failure === undefined) {
      if (this.head === undefined) this.atEnd()
      else this.noEvent(this.head)
    }
    return this.take()
  }

  private noEvent(head: string): void {
    const body = parseObject(head)
    if (body === undefined) this.unstreamed(head)
    else this.whole(body)
    if (this.done) return
    const text = excerpt(head, 200, this.secret)
    this.failure ??= broken(text === "" ? "the response was empty" : `the response is not an event stream: ${text}`)
  }

  private one(data: string, name: string): void {
    if (this.done || this.failure !== undefined || this.handles(data, name)) return
    const event = parseObject(data)
    if (event === undefined) return this.fail(`an event is not JSON: ${excerpt(data, 200, this.secret)}`)
    this.head = undefined
    this.event(event, data)
  }

  private take(): ReadonlyArray<ProviderChunk> {
    const { dropped, out } = this
    this.out = []
    this.dropped = false
    // Emit a chunk, so that a server whose output is dropped does not count as silent.
    if (dropped && out.length === 0) out.push({ _tag: "UsageSoFar", usage: this.usage })
    return out
  }

  protected fail(detail: string): void {
    this.failure = broken(detail)
  }

  /** Counts content. Too much of it is a failure. */
  protected grow(size: number): void {
    this.size += size
    if (this.size > maxAnswer) this.tooLarge("the response")
  }

  private tooLarge(what: string): void {
    this.failure ??= broken(`${what} is larger than ${maxAnswer} characters, and reading was stopped`)
  }

  /** The id of the request: from the headers of the response, or else from its body. */
  protected quoted(fromBody: string): { readonly requestId?: string } {
    const requestId = this.requestId ?? fromBody
    return requestId === "" ? {} : { requestId }
  }

  /** A value from the network as part of an error message. */
  protected name(value: unknown): string {
    // Not `String(value)` for all values: an object from the network may have a `toString` that is not a function.
    return typeof value === "string" || typeof value === "number"
      ? excerpt(String(value), 40, this.secret)
      : `(${typeof value})`
  }
}
