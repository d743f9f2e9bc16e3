import type { FetchLike } from "@modelcontextprotocol/client"
import { lineLimits } from "./MessageLines.ts"
import { makeGate } from "./NotificationGate.ts"
import { thinnedEvents } from "./ThinnedEvents.ts"

const newline = 10

const carriageReturn = 13

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

/** Ends a stream in which one event is larger than the limit. How many events there are does not matter. */
const bounding = (limit: number): TransformStream<Uint8Array, Uint8Array> => {
  const sizeWith = makeEventSize()
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
 * A `fetch` that holds no more of one event of a stream than the limit, and lets only those notifications through that pass.
 * Answers of other kinds, and refusals, are bounded by who fetches.
 */
export const boundedFetch = (
  fetch: FetchLike,
  limit: number = lineLimits.message,
  passes = makeGate(() => performance.now())
): FetchLike => {
  return (url, init) =>
    fetch(url, init).then((response) => {
      const { body } = response
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
      if (body === null || !response.ok || !isStream) return response
      return new Response(body.pipeThrough(bounding(limit)).pipeThrough(thinnedEvents(passes)), response)
    })
}
