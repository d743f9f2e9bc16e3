import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { SessionId } from "@parley/domain/Ids"
import type { PostChanged } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { at, delta, fact, t1 } from "./ContractEvents.ts"

/** The error's tag, or `done`. */
const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: (error): string => error._tag, onSuccess: () => "done" })

type Service = SessionManager["Service"]

/** The contract's tests of leases. Expiry depends on the implementation and is tested in the store package. */
export const leases = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  type Failure = StorageError | SessionNotFound | SessionBusy | PostChanged
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))

  describe(name, () => {
    check("has one holder at a time, and other attempts fail immediately", function* (sessions) {
      const [{ id }, other] = yield* Effect.all([sessions.create({}), sessions.create({})])
      const { epoch } = yield* sessions.acquire(id)
      for (const _ of [1, 2]) assert.strictEqual(yield* sessions.acquire(id).pipe(Effect.scoped, tagOf), "SessionBusy")
      assert.strictEqual(yield* tagOf(sessions.acquire(SessionId.make("nobody"))), "SessionNotFound")
      // The refused attempts did not affect the lease, and other sessions have their own holders.
      yield* sessions.append(id, at(0, epoch), [fact])
      yield* sessions.acquire(other.id)
    })

    check("keeps its session from being removed until it is released", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { epoch } = yield* sessions.acquire(id)
          assert.strictEqual(yield* tagOf(sessions.remove(id)), "SessionBusy")
          yield* sessions.append(id, at(0, epoch), [fact])
        })
      )
      assert.lengthOf(yield* sessions.read(id, 0), 1)
      yield* sessions.remove(id)
      assert.strictEqual(yield* tagOf(sessions.get(id)), "SessionNotFound")
    })

    check("is granted to one of many concurrent attempts", function* (sessions) {
      const { id } = yield* sessions.create({})
      const ask = tagOf(sessions.acquire(id))
      const tags = yield* Effect.all(
        Array.from({ length: 20 }, () => ask),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(tags.filter((tag) => tag === "done").length, 1)
    })

    check(
      "is released with its scope, however the scope ends, and each lease has a greater epoch",
      function* (sessions) {
        const { id } = yield* sessions.create({})
        const epochs = [0]
        const hold = Effect.map(sessions.acquire(id), ({ epoch }) => epochs.push(epoch))
        yield* Effect.scoped(hold)
        yield* hold.pipe(Effect.andThen(Effect.fail("no")), Effect.scoped, Effect.ignore)
        const held = yield* Latch.make(false)
        const fiber = yield* hold.pipe(
          Effect.andThen(held.open),
          Effect.andThen(Effect.never),
          Effect.scoped,
          Effect.forkChild({ startImmediately: true })
        )
        yield* held.await
        yield* Fiber.interrupt(fiber)
        yield* hold
        assert.strictEqual(epochs.length, 5)
        assert.isTrue(epochs.every((epoch, i) => i === 0 || epoch > (epochs[i - 1] ?? Infinity)))
      }
    )

    check("is renewed for as long as it is held", function* (sessions) {
      const { id } = yield* sessions.create({})
      const { epoch } = yield* sessions.acquire(id)
      for (let seconds = 0; seconds < 60; seconds++) {
        yield* TestClock.adjust("1 second")
        yield* Effect.replicateEffect(Effect.yieldNow, 20, { discard: true })
      }
      assert.strictEqual(yield* tagOf(sessions.acquire(id)), "SessionBusy")
      yield* sessions.append(id, at(0, epoch), [fact])
    })

    check("that was released cannot append, even concurrently with the current lease", function* (sessions) {
      const { id } = yield* sessions.create({})
      const scope = yield* Scope.make()
      const past = yield* Scope.provide(sessions.acquire(id), scope)
      yield* sessions.append(id, at(0, past.epoch), [delta(t1)])
      yield* Scope.close(scope, Exit.void)
      const present = yield* sessions.acquire(id)
      const before = yield* Effect.all([sessions.get(id), sessions.read(id, 0)])
      for (const epoch of [0, past.epoch, present.epoch + 1])
        for (const events of [[fact], [delta(t1)], []])
          assert.strictEqual(yield* tagOf(sessions.append(id, at(1, epoch), events)), "SessionBusy")
      assert.deepStrictEqual(yield* Effect.all([sessions.get(id), sessions.read(id, 0)]), before)
      const rivals = [past.epoch, present.epoch, past.epoch].map((epoch, i) =>
        tagOf(sessions.append(id, at(i === 2 ? 2 : 1, epoch), [fact]))
      )
      const tags = yield* Effect.all(rivals, { concurrency: "unbounded" })
      assert.deepStrictEqual(tags, ["SessionBusy", "done", "SessionBusy"])
      assert.strictEqual((yield* sessions.get(id)).head, 2)
    })
  })
}
