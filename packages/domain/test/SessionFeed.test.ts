import { callId, roundId, SessionId, turnId } from "../src/Ids.ts"
import type { LogEntry } from "../src/SessionEvent.ts"
import * as SessionFeed from "../src/SessionFeed.ts"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Stream } from "effect"

const id = SessionId.make("session-1")
const entries = (from: number, to: number): ReadonlyArray<LogEntry> =>
  Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    at: 0,
    event: { _tag: "ToolStarted", callId: callId(turnId(roundId(1), 1), from + i) }
  }))

it.effect("invariant 12: unread entries are not kept for a slow subscriber, which reads the log instead", () =>
  Effect.gen(function* () {
    const feed = SessionFeed.make()
    const log = entries(1, 20_000)
    const reads: Array<number> = []
    let stored = 1
    const read = (after: number) =>
      Effect.sync(() => {
        reads.push(after)
        return log.slice(after, stored)
      })
    const [held, gate] = [yield* Latch.make(false), yield* Latch.make(false)]
    const subscriber = yield* feed.follow(id, 0, read).pipe(
      Stream.tap(({ seq }) => (seq === 1 ? Effect.andThen(held.open, gate.await) : Effect.void)),
      Stream.map(({ seq }) => seq),
      Stream.take(log.length),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true })
    )
    yield* held.await
    // It stands still while all the rest is published, a few at a time, by a writer that never waits for it.
    for (; stored < log.length; stored = Math.min(stored + 7, log.length))
      feed.publish(id, log.slice(stored, Math.min(stored + 7, log.length)))
    yield* gate.open
    assert.deepStrictEqual(
      yield* Fiber.join(subscriber),
      log.map(({ seq }) => seq)
    )
    assert.deepStrictEqual(reads, [0, 1], "it was read once to begin with, and once where the subscriber had stopped")
  })
)

it.effect("a subscriber that keeps up never reads the log again", () =>
  Effect.gen(function* () {
    const feed = SessionFeed.make()
    const log = entries(1, 5000)
    let reads = 0
    const read = () => Effect.sync(() => (reads++, log.slice(0, 1)))
    const reached = yield* Latch.make(false)
    const subscriber = yield* feed.follow(id, 0, read).pipe(
      Stream.tap(() => reached.open),
      Stream.take(log.length),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true })
    )
    for (let i = 1; i < log.length; i++) {
      yield* reached.await
      yield* reached.close
      feed.publish(id, log.slice(i, i + 1))
    }
    assert.deepStrictEqual(yield* Fiber.join(subscriber), log)
    assert.strictEqual(reads, 1)
  })
)
