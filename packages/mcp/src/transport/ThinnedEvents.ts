import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const encoder = new TextEncoder()

/** Matches every notification that may be dropped, so that other events are passed on without parsing them. */
const notification = /"method"\s*:\s*"notifications\//
const dataLine = /^data: ?(.*)$/gm

/** An event stream may use any of three line endings. */
const endOfEvent = /\r\n\r\n|\n\n|\r\r/g

const isLeftOut = (event: string, passes: (message: object) => boolean): boolean => {
  if (!notification.test(event)) return false
  const data = [...event.matchAll(dataLine)].map(([, line = ""]) => line.replace(/\r$/, "")).join("\n")
  const message = Result.getOrUndefined(decodeJson(data))
  return typeof message === "object" && message !== null && !passes(message)
}

/** The number of characters of an event that are buffered to identify it. Longer notifications are never dropped. */
const longest = 64 * 1024

/**
 * Removes the notifications that `passes` rejects from an event stream, before the SDK validates them. Everything else is
 * passed on unchanged, and long events are passed on while they arrive.
 */
export const thinnedEvents = (passes: (message: object) => boolean): TransformStream<Uint8Array, Uint8Array> => {
  const decoder = new TextDecoder()
  /** The beginning of an event that has not been passed on yet. */
  let partial = ""
  /**
   * The last characters of an event that is being passed on, needed to find an end of event that is split between chunks.
   */
  let passed: string | undefined

  const ended = (text: string, from: number): number | undefined => {
    endOfEvent.lastIndex = from
    return endOfEvent.exec(text) === null ? undefined : endOfEvent.lastIndex
  }
  /** Returns the part of the text that is passed on, and buffers the rest. */
  const thin = (text: string): string => {
    if (passed !== undefined) {
      const whole = passed + text
      const end = ended(whole, 0)
      if (end === undefined) {
        passed = whole.slice(-3)
        return text
      }
      const head = text.slice(0, end - passed.length)
      passed = undefined
      return head + thin(text.slice(head.length))
    }
    const whole = partial + text
    const kept: Array<string> = []
    let start = 0
    for (let end = ended(whole, Math.max(0, partial.length - 3)); end !== undefined; end = ended(whole, end)) {
      const event = whole.slice(start, end)
      start = end
      if (!isLeftOut(event, passes)) kept.push(event)
    }
    partial = whole.slice(start)
    if (partial.length > longest) {
      kept.push(partial)
      passed = partial.slice(-3)
      partial = ""
    }
    return kept.join("")
  }
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      const text = thin(decoder.decode(chunk, { stream: true }))
      if (text !== "") controller.enqueue(encoder.encode(text))
    },
    flush: (controller) => {
      const text = thin(decoder.decode()) + partial
      if (text !== "") controller.enqueue(encoder.encode(text))
    }
  })
}
