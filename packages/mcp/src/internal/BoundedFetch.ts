import type { FetchLike } from "@modelcontextprotocol/client"
import { lineLimits } from "./MessageLines.ts"
import { makeGate } from "./NotificationGate.ts"
import { thinnedEvents } from "./ThinnedEvents.ts"

const newline = 10

const carriageReturn = 13

/** How much of an answer that is no success is read: enough to say why. */
const refusalLimit = 1024 * 1024

/**
 * Counts the bytes of the event that a stream is in the middle of, and says how many the largest had by now. An event ends
 * with an empty line, and may have any number of lines before that, all of which are held.
 */
const makeEventSize = () => {
  const held = { event: 0, line: 0, last: 0 }
  return (chunk: Uint8Array): number => {
    let largest = 0
    for (let start = 0; start < chunk.length;) {
      const found = chunk.indexOf(newline, start)
      const end = found === -1 ? chunk.length : found
      held.event += end - start
      held.line += end - start
      if (end > start) held.last = chunk[end - 1] ?? 0
      largest = Math.max(largest, held.event)
      if (found === -1) break
      if (held.line === 0 || (held.line === 1 && held.last === carriageReturn)) held.event = 0
      held.line = 0
      start = found + 1
    }
    return largest
  }
}

const makeBodySize = () => {
  let bytes = 0
  return (chunk: Uint8Array): number => (bytes += chunk.length)
}

/**
 * Ends a body where a message in it is larger than the limit. In a stream of events that is one event, and how many there
 * are does not matter; anything else is one message.
 */
const bounding = (isStream: boolean, limit: number): TransformStream<Uint8Array, Uint8Array> => {
  const sizeWith = isStream ? makeEventSize() : makeBodySize()
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      if (sizeWith(chunk) <= limit) controller.enqueue(chunk)
      else
        controller.error(
          new Error(`the answer was larger than ${Math.floor(limit / 1024 / 1024)} MiB and was not read`)
        )
    }
  })
}

/**
 * A `fetch` that never holds more of one message than the limit, however much a server sends, and of streams of events only
 * the notifications that pass.
 */
export const boundedFetch = (
  fetch: FetchLike,
  limit: number = lineLimits.message,
  passes = makeGate(() => performance.now())
): FetchLike => {
  return (url, init) =>
    fetch(url, init).then((response) => {
      const { body } = response
      if (body === null) return response
      // The SDK reads a refusal to its end. It stays the object that it is: whoever made it may know it again.
      if (!response.ok)
        return Object.assign(response, {
          text: () => new Response(body.pipeThrough(bounding(false, Math.min(limit, refusalLimit)))).text()
        })
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
      const bounded = body.pipeThrough(bounding(isStream, limit))
      return new Response(isStream ? bounded.pipeThrough(thinnedEvents(passes)) : bounded, response)
    })
}
