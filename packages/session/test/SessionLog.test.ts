import { StorageError } from "@parley/domain/Errors"
import { RoundId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SessionLog from "../src/log/SessionLog.ts"

const events: ReadonlyArray<SessionEvent> = [
  { _tag: "RoundStarted", roundId: RoundId.make("r1"), request: [{ _tag: "Text", text: "hello" }] },
  { _tag: "RoundCancelled", roundId: RoundId.make("r1") }
]

const full = new StorageError({ operation: "append", reason: "Full", detail: "test" })
const settled = Effect.repeat(Effect.yieldNow, { times: 100 })

it.effect("an append after a failed one fails as well, even if it is stored, and nothing is appended after that", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const { id } = yield* sessions.create({})
    const lease = yield* sessions.acquire(id)
    let appends = 0
    const failing = SessionManager.of({
      ...sessions,
      // The first is stored, and takes long to say that it failed.
      append: (id, at, events) =>
        sessions.append(id, at, events).pipe(Effect.tap(++appends === 1 ? Effect.andThen(settled, full) : settled))
    })
    const log = yield* Effect.provideService(SessionLog.open(id, lease), SessionManager, failing)
    // Not children of this test: what waits for ever, and cannot be interrupted, would keep it from its end.
    const fibers = yield* Effect.forEach(events, (event) =>
      Effect.forkDetach(Effect.flip(log.append([event])), { startImmediately: true })
    )
    yield* Effect.replicateEffect(settled, 10, { discard: true })
    assert.isTrue(
      fibers.every((fiber) => fiber.pollUnsafe() !== undefined),
      "both have ended"
    )
    assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [full, full])
    assert.strictEqual(log.failure(), full)
    assert.strictEqual(log.state.head, 0)
    assert.strictEqual(yield* Effect.flip(log.append(events)), full)
    assert.strictEqual(appends, 2)
  }).pipe(Effect.scoped, Effect.provide(SessionManager.layerMemory))
)

it.effect("posts are taken with an append, and a post that has changed leaves the log usable", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const { id } = yield* sessions.create({})
    const lease = yield* sessions.acquire(id)
    const slow = SessionManager.of({
      ...sessions,
      append: (id, at, events) => Effect.andThen(settled, sessions.append(id, at, events))
    })
    const log = yield* Effect.provideService(SessionLog.open(id, lease), SessionManager, slow)
    const post = yield* sessions.post(id, { kind: "message", payload: "a" })
    const [start, end] = [events.slice(0, 1), events.slice(1)]
    // All three overlap: the taking waits for the first append, and the last one for the taking.
    const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkDetach(effect, { startImmediately: true })
    const first = yield* fork(log.append(start))
    const refused = yield* fork(log.take([{ id: post.id, version: 7 }], end).pipe(Effect.flip))
    const last = yield* fork(log.append(end))
    yield* Fiber.join(first)
    assert.deepInclude(yield* Fiber.join(refused), { _tag: "PostChanged", change: "edited" })
    yield* Fiber.join(last)
    assert.isUndefined(log.failure())
    assert.strictEqual(log.state.head, 2)
    yield* log.take([post], start)
    assert.deepStrictEqual([log.state.head, yield* sessions.posts(id)], [3, []])
    assert.deepStrictEqual(
      (yield* sessions.read(id, 0)).map(({ event }) => event),
      [...events, ...start]
    )
  }).pipe(Effect.scoped, Effect.provide(SessionManager.layerMemory))
)
