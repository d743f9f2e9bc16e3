import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { listenAlways } from "../src/transport/Announcements.ts"

/** A server that responds to each `listen` request as given: it refuses, ends the stream immediately, or keeps it open. */
const answering = (...answers: ReadonlyArray<"refused" | "ended" | "open">) => {
  const seen = { asked: 0, notified: 0 }
  const listen = () => {
    const answer = answers[seen.asked++]
    if (answer === "refused" || answer === undefined) return Promise.reject(new Error("no"))
    const closed = answer === "ended" ? Promise.resolve("remote" as const) : Promise.withResolvers<"remote">().promise
    return Promise.resolve({ closed, close: () => Promise.resolve(), honoredFilter: {} })
  }
  return { seen, client: { listen }, notify: () => void seen.notified++ }
}

const after = (seconds: number, server: ReturnType<typeof answering>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(listenAlways(server.client, ["tools"], server.notify), {
      startImmediately: true
    })
    for (let i = 0; i < seconds; i++) {
      yield* Effect.promise(() => Promise.resolve())
      yield* TestClock.adjust("1 second")
    }
    yield* Fiber.interrupt(fiber)
    return server.seen
  })

it.effect("a server that rejects the request for notifications gets it only once", () =>
  Effect.map(after(30, answering("refused", "open")), (seen) => assert.deepStrictEqual(seen, { asked: 1, notified: 0 }))
)

it.effect("a stream that ends is reopened, also after a failed attempt, and the lists are then fetched again", () =>
  Effect.map(after(30, answering("ended", "refused", "refused", "open")), (seen) =>
    assert.deepStrictEqual(seen, { asked: 4, notified: 1 })
  )
)
