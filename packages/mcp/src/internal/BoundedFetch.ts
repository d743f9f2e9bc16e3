import type { FetchLike } from "@modelcontextprotocol/client"
import { lineLimits } from "./MessageLines.ts"
import { makePassing } from "./NotificationGate.ts"
import { thinnedEvents } from "./ThinnedEvents.ts"

const newline = 10

/**
 * Ends a body where a message in it is larger than the limit. In a stream of events a message is one line, and how many
 * there are does not matter; anything else is one message.
 */
const bounding = (isStream: boolean, limit: number): TransformStream<Uint8Array, Uint8Array> => {
  let bytes = 0
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      const last = isStream ? chunk.lastIndexOf(newline) : -1
      const first = last === -1 ? chunk.length : chunk.indexOf(newline)
      if (bytes + first > limit) {
        controller.error(
          new Error(`the answer was larger than ${Math.floor(limit / 1024 / 1024)} MiB and was not read`)
        )
        return
      }
      bytes = last === -1 ? bytes + chunk.length : chunk.length - last - 1
      controller.enqueue(chunk)
    }
  })
}

/**
 * A `fetch` that never holds more of one message than the limit, however much a server sends, and of streams of events only
 * the notifications that pass.
 */
export const boundedFetch = (
  fetch: FetchLike,
  passes = makePassing(() => performance.now()),
  limit: number = lineLimits.message
): FetchLike => {
  return (url, init) =>
    fetch(url, init).then((response) => {
      // Of what is not a success only little is read, and where it came from must stay visible.
      if (!response.ok || response.body === null) return response
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
      const bounded = response.body.pipeThrough(bounding(isStream, limit))
      return new Response(isStream ? bounded.pipeThrough(thinnedEvents(passes)) : bounded, response)
    })
}
