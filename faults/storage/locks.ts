import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import type { Case } from "../suite.ts"
import { engine, type Home, home } from "../support/home.ts"
import { post } from "../support/post.ts"
import { answering } from "./talk.ts"
import { promptly } from "../../packages/os/test/support/promptly.ts"

/** The longest time that the event loop stood still meanwhile, in milliseconds. */
const lagOf = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    let worst = 0
    const watch = Effect.gen(function* () {
      const before = performance.now()
      yield* Effect.sleep("5 millis")
      worst = Math.max(worst, performance.now() - before - 5)
    })
    const fiber = yield* Effect.forkChild(Effect.forever(watch), { startImmediately: true })
    const [time, value] = yield* Effect.timed(work)
    yield* Fiber.interrupt(fiber)
    return { millis: Duration.toMillis(time), value, worst }
  })

/** The lock, as another process would have it. */
const lock = ({ data }: Home) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(`${data}/parley.db`)),
      (db) => Effect.sync(() => db.close())
    ),
    (db) => ({
      take: Effect.sync(() => db.exec("BEGIN IMMEDIATE")),
      give: Effect.sync(() => db.exec("ROLLBACK"))
    })
  )

const setup = Effect.gen(function* () {
  const here = yield* home
  const { url } = yield* answering
  const { coordinator, sessions } = yield* engine(here, { url })
  const { id } = yield* sessions.create({ workspace: "/w" })
  return { here, id, coordinator, lock: yield* lock(here) }
})

/** Of a loop that does nothing else; the lock alone may take 5 ms of it at a time. */
const loopBound = 250

const forAWhile = (millis: number): Case => ({
  id: "S06",
  name: `for ${millis} ms: nobody notices`,
  run: Effect.gen(function* () {
    const { coordinator, here, id, lock } = yield* setup
    yield* lock.take
    yield* Effect.forkChild(Effect.andThen(Effect.sleep(millis), lock.give), { startImmediately: true })
    const { millis: took, value, worst } = yield* lagOf(coordinator.handleMessage({ sessionId: id, request: "hello" }))
    assert.strictEqual(value.status, "completed")
    assert.isAtLeast(took, millis - 1)
    promptly(worst, loopBound)
    yield* post(here, id)
  }).pipe(Effect.scoped)
})

const forEver: Case = {
  id: "S06",
  name: "for ever: given up after five seconds, and at once when the user cancels",
  run: Effect.gen(function* () {
    const { coordinator, here, id, lock } = yield* setup
    yield* lock.take
    const cancelled = yield* Effect.forkChild(coordinator.handleMessage({ sessionId: id, request: "hello" }))
    yield* Effect.sleep("300 millis")
    const [time] = yield* Effect.timed(Fiber.interrupt(cancelled))
    promptly(Duration.toMillis(time), 500)
    const message = Effect.flip(coordinator.handleMessage({ sessionId: id, request: "hello" }))
    const { millis, value, worst } = yield* lagOf(message)
    assert.deepInclude(value, { _tag: "StorageError", reason: "Busy" })
    assert.match(value.message, /locked by another process; try again/)
    assert.include(value.message, here.data)
    assert.isAbove(millis, 4000)
    promptly(millis, 12_000)
    promptly(worst, loopBound)
    yield* lock.give
    yield* post(here, id)
  }).pipe(Effect.scoped)
}

export const locks: ReadonlyArray<Case> = [forAWhile(10), forAWhile(1000), forEver]
