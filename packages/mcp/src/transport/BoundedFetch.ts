import type { FetchLike } from "@modelcontextprotocol/client"
import { lineLimits } from "../text/MessageLines.ts"
import { makeGate } from "./NotificationGate.ts"
import { thinnedEvents } from "./ThinnedEvents.ts"

const newline = 10

const carriageReturn = 13

/**
 * Counts the bytes of a stream's current event. For each chunk it returns the size of the largest event that the chunk
 * contributes to. An event may have any number of lines, all of which are buffered, and ends with an empty line.
 */
const makeEventSize = () => {
  const sizes = { event: 0, line: 0, last: 0 }
  return (chunk: Uint8Array): number => {
    let largest = 0
    for (let start = 0; start < chunk.length;) {
      const found = chunk.indexOf(newline, start)
      const end = found === -1 ? chunk.length : found
      sizes.event += end - start
      sizes.line += end - start
      if (end > start) sizes.last = chunk[end - 1] ?? 0
      largest = Math.max(largest, sizes.event)
      if (found === -1) break
      if (sizes.line === 0 || (sizes.line === 1 && sizes.last === carriageReturn)) sizes.event = 0
      sizes.line = 0
      start = found + 1
    }
    return largest
  }
}

/** Fails a stream in which one event is larger than the limit, in bytes. The number of events is not limited. */
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
 * A `fetch` that buffers at most `limit` bytes of one event of an event stream, and drops the notifications that `passes`
 * rejects. The caller bounds responses of other types and error responses.
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
