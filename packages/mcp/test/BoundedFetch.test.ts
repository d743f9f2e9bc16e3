import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { boundedFetch } from "../src/transport/BoundedFetch.ts"

const bytes = new TextEncoder()

/** The result of reading a response that repeats these chunks for as long as it is read, or undefined. */
const readOf = (
  pieces: ReadonlyArray<string>,
  init: { readonly status?: number; readonly type?: string; readonly times?: number }
) => {
  const asked = { times: 0 }
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (asked.times++ < (init.times ?? 1)) for (const piece of pieces) controller.enqueue(bytes.encode(piece))
      else controller.close()
    }
  })
  const response = new Response(body, {
    status: init.status ?? 200,
    headers: { "content-type": init.type ?? "text/event-stream" }
  })
  const fetch = boundedFetch(() => Promise.resolve(response), 1000)
  return Effect.gen(function* () {
    const bounded = yield* Effect.promise(() => fetch("http://127.0.0.1/"))
    const text = yield* Effect.tryPromise(() => bounded.text()).pipe(Effect.orElseSucceed(() => undefined))
    return { same: bounded === response, status: bounded.status, size: text?.length, asked: asked.times }
  })
}

describe("buffering of a response over HTTP", () => {
  it.effect("is limited for one event of any number of lines, but not in the number of events", () =>
    Effect.gen(function* () {
      const line = `data: ${"x".repeat(93)}\n`
      assert.strictEqual((yield* readOf([line], { times: 9 })).size, 900)
      const endless = yield* readOf([line], { times: 1000 })
      assert.isUndefined(endless.size)
      assert.isBelow(endless.asked, 30)
      for (const end of ["\n", "\r\n"]) {
        const whole = [line, end]
        assert.strictEqual((yield* readOf(whole, { times: 100 })).size, 100 * (100 + end.length))
        assert.strictEqual((yield* readOf([whole.join("").repeat(20)], {})).size, 20 * (100 + end.length))
      }
      // The end of a line is not the end of an event.
      assert.isUndefined((yield* readOf(["data: x\r", "\n"], { times: 1000 })).size)
      assert.strictEqual((yield* readOf(["data: x\r", "\n", "\r", "\n"], { times: 1000 })).size, 11_000)
    })
  )

  it.effect("does not affect responses that are not event streams", () =>
    Effect.gen(function* () {
      const piece = "x".repeat(100)
      for (const init of [{ status: 500 }, { status: 302, type: "text/plain" }, { type: "application/json" }])
        assert.deepInclude(yield* readOf([piece], { ...init, times: 100 }), { same: true, size: 10_000 })
    })
  )
})
