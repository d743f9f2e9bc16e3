import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import type { Case } from "../suite.ts"
import { engine, type Home, home } from "../../packages/harness/src/sessions/home.ts"
import { post } from "../support/post.ts"
import { answering } from "./talk.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

/** The longest time in milliseconds for which the event loop was blocked while an effect ran. */
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

/** Takes the database lock, as another process would. */
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

/** Bound for the event loop in milliseconds. Waiting for the lock may block it for 5 ms at a time. */
const loopBound = 250

const forAWhile = (millis: number): Case => ({
  id: "S06",
  name: `for ${millis} ms: no visible effect`,
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
  name: "forever: fails after five seconds, and immediately when the user cancels",
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
