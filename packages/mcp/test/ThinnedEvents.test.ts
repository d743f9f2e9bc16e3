import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { boundedFetch } from "../src/transport/BoundedFetch.ts"
import { makeGate } from "../src/transport/NotificationGate.ts"
import { thinnedEvents } from "../src/transport/ThinnedEvents.ts"

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const note = (method: string, params: object = {}) => encode({ jsonrpc: "2.0", method, params })
const event = (data: string, end = "\n\n") => `event: message\nid: 1\ndata: ${data}${end}`
const answer = event(encode({ jsonrpc: "2.0", id: 7, result: { says: 'a "method":"notifications/progress" 世界' } }))
const progress = event(note("notifications/progress", { progressToken: 1, progress: 1 }))
const log = event(note("notifications/message", { level: "info", data: "x" }))

/** The output for a stream whose bytes arrive in chunks of the given size. */
const through = (text: string, size: number, passes: (message: object) => boolean) =>
  Effect.promise(() => {
    const bytes = new TextEncoder().encode(text)
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size))
        controller.close()
      }
    })
    return new Response(source.pipeThrough(thinnedEvents(passes))).text()
  })

const isNoProgress = (message: object) => !("method" in message && message.method === "notifications/progress")

describe("an event stream", () => {
  it.live("loses only the notifications that are dropped, wherever it is split", () =>
    Effect.gen(function* () {
      const crlf = event(note("notifications/progress"), "\r\n\r\n")
      const text = `: hello\n\n${progress}${answer}${crlf}${log}event: message\ndata: not json "method":"notifications/x"\n\n${progress}${answer}`
      const kept = `: hello\n\n${answer}${log}event: message\ndata: not json "method":"notifications/x"\n\n${answer}`
      for (const size of [1, 2, 3, 5, 7, 64, 10_000])
        assert.strictEqual(yield* through(text, size, isNoProgress), kept, `in pieces of ${size}`)
    })
  )

  it.live("passes on long events while they arrive, and the rest at its end", () =>
    Effect.gen(function* () {
      const long = event(encode({ jsonrpc: "2.0", id: 1, result: "x".repeat(300_000) }))
      for (const size of [1000, 65_536])
        assert.strictEqual(
          yield* through(`${long}${progress}${long}${progress}data: half`, size, isNoProgress),
          `${long}${long}data: half`
        )
    })
  )

  it.live("that is a flood is limited in rate", () =>
    Effect.gen(function* () {
      const flood = Array.from({ length: 5000 }, () => progress + log).join("")
      const kept = yield* through(
        flood + answer,
        16_384,
        makeGate(() => 0)
      )
      assert.strictEqual(kept.split("notifications/progress").length - 1, 1 + 1)
      assert.strictEqual(kept.split("notifications/message").length - 1, 400)
      assert.isTrue(kept.endsWith(answer))
    })
  )

  it.live("is filtered in every response of a server, and other responses are not", () =>
    Effect.gen(function* () {
      const flood = Array.from({ length: 5000 }, () => log).join("")
      const answered = (type: string) =>
        Effect.promise(() =>
          boundedFetch(() => Promise.resolve(new Response(flood, { headers: { "content-type": type } })))(
            "http://x/"
          ).then((response) => response.text())
        )
      assert.isBelow((yield* answered("text/event-stream; charset=utf-8")).length, flood.length / 2)
      assert.strictEqual(yield* answered("application/json"), flood)
    })
  )
})
