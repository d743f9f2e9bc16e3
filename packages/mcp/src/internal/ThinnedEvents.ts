import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const encoder = new TextEncoder()

/** What stands in each notification that may be left out, so that nothing else has to be parsed to be passed on. */
const notification = /"method"\s*:\s*"notifications\//
const dataLine = /^data: ?(.*)$/gm

/** The line ends of an event stream may be any of three. */
const endOfEvent = /\r\n\r\n|\n\n|\r\r/g

const isLeftOut = (event: string, passes: (message: object) => boolean): boolean => {
  if (!notification.test(event)) return false
  const data = [...event.matchAll(dataLine)].map(([, line = ""]) => line.replace(/\r$/, "")).join("\n")
  const message = Result.getOrUndefined(decodeJson(data))
  return typeof message === "object" && message !== null && !passes(message)
}

/** Characters of an event that are held to see what it is. No notification that is left out needs more. */
const longest = 64 * 1024

/**
 * Takes out of a stream of events the notifications that do not pass, before the SDK checks what they are. Everything else
 * goes on as it came, and what is long goes on while it comes.
 */
export const thinnedEvents = (passes: (message: object) => boolean): TransformStream<Uint8Array, Uint8Array> => {
  const decoder = new TextDecoder()
  /** The beginning of an event, which has not gone on yet. */
  let held = ""
  /** The last characters of an event whose beginning has: an end that was cut in two is found with them. */
  let passed: string | undefined

  const ended = (text: string, from: number): number | undefined => {
    endOfEvent.lastIndex = from
    return endOfEvent.exec(text) === null ? undefined : endOfEvent.lastIndex
  }
  /** What of a text goes on, the rest of which is held. */
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
    const whole = held + text
    const kept: Array<string> = []
    let start = 0
    for (let end = ended(whole, Math.max(0, held.length - 3)); end !== undefined; end = ended(whole, end)) {
      const event = whole.slice(start, end)
      start = end
      if (!isLeftOut(event, passes)) kept.push(event)
    }
    held = whole.slice(start)
    if (held.length > longest) {
      kept.push(held)
      passed = held.slice(-3)
      held = ""
    }
    return kept.join("")
  }
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      const text = thin(decoder.decode(chunk, { stream: true }))
      if (text !== "") controller.enqueue(encoder.encode(text))
    },
    flush: (controller) => {
      const text = thin(decoder.decode()) + held
      if (text !== "") controller.enqueue(encoder.encode(text))
    }
  })
}
