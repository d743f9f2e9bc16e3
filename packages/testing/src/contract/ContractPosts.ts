import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { PostId, SessionId } from "@parley/domain/Ids"
import type { Post, PostChanged, PostExists } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { at, delta, fact, t1 } from "./ContractEvents.ts"

type Service = SessionManager["Service"]
type Failure = StorageError | SessionNotFound | SessionBusy | PostExists | PostChanged

const message = (payload: Schema.Json, key?: string) => ({
  kind: "message" as const,
  payload,
  ...(key === undefined ? {} : { key })
})
const payloads = (posts: ReadonlyArray<Post>) => posts.map(({ payload }) => payload)
/** How many times other fibers may run before something must have happened. */
const patience = 2000
const json = Schema.encodeSync(Schema.fromJsonString(Schema.Json))
const range = (to: number) => Array.from({ length: to }, (_, i) => i + 1)

/** The error's tag, and what it says about the post; `done` if there is none. */
const outcome = <A>(effect: Effect.Effect<A, Failure>) =>
  Effect.match(effect, {
    onFailure: (error): string =>
      error._tag === "PostChanged" ? error.change : error._tag === "PostExists" ? error.state : error._tag,
    onSuccess: () => "done"
  })

/** The contract's tests of posts. */
export const posts = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))

  describe(name, () => {
    check("wait in order, whoever holds the lease, and change no event", function* (sessions) {
      yield* TestClock.setTime(1000)
      const [{ id }, other] = yield* Effect.all([sessions.create({}), sessions.create({})])
      yield* sessions.acquire(id)
      assert.deepStrictEqual(yield* sessions.posts(id), [])
      const first = yield* sessions.post(id, message({ text: "a \u0000é👩‍👧", list: [1, null] }, "k \u0000é"))
      const expected = { kind: "message" as const, version: 1, at: 1000 }
      assert.deepStrictEqual(first, {
        ...expected,
        id: PostId.make("p1"),
        key: "k \u0000é",
        payload: { text: "a \u0000é👩‍👧", list: [1, null] }
      })
      const second = yield* sessions.post(id, { kind: "answer", payload: null })
      assert.deepStrictEqual(second, { ...expected, kind: "answer", id: PostId.make("p2"), payload: null })
      assert.deepStrictEqual(yield* sessions.posts(id), [first, second])
      assert.deepStrictEqual(yield* sessions.posts(other.id), [])
      assert.deepStrictEqual([(yield* sessions.get(id)).head, yield* sessions.read(id, 0)], [0, []])
    })

    check("fail for an unknown session and for an unknown post", function* (sessions) {
      const { id } = yield* sessions.create({})
      const nobody = SessionId.make("nobody")
      const post = PostId.make("p1")
      const asks = [
        sessions.post(nobody, message(1)),
        sessions.posts(nobody),
        sessions.editPost(nobody, post, 1),
        sessions.withdrawPost(nobody, post),
        Stream.runDrain(sessions.followPosts(nobody))
      ]
      for (const ask of asks) assert.strictEqual(yield* outcome(ask), "SessionNotFound")
      for (const name of ["p1", "p01", "p", "p-1", "p1e0", "x"])
        for (const ask of [
          sessions.editPost(id, PostId.make(name), 1),
          sessions.withdrawPost(id, PostId.make(name)),
          sessions.append(id, { ...at(0), takes: [{ id: PostId.make(name), version: 1 }] }, [])
        ])
          assert.strictEqual(yield* outcome(ask), "unknown")
    })

    check("are taken with the events of an append, all or nothing, and only once", function* (sessions) {
      const { id } = yield* sessions.create({})
      const [a, b, c] = yield* Effect.all([
        sessions.post(id, message("a")),
        sessions.post(id, message("b")),
        sessions.post(id, message("c"))
      ])
      const taking = (after: number, takes: ReadonlyArray<Post>, events = [fact]) =>
        outcome(sessions.append(id, { ...at(after), takes }, events))
      // Without the lease or after another event nothing is taken.
      assert.strictEqual(yield* outcome(sessions.append(id, { ...at(0, 7), takes: [a] }, [fact])), "SessionBusy")
      assert.strictEqual(yield* taking(1, [a]), "SessionBusy")
      assert.deepStrictEqual(payloads(yield* sessions.posts(id)), ["a", "b", "c"])
      assert.strictEqual(yield* taking(0, [b], [delta(t1)]), "done")
      assert.strictEqual(yield* taking(1, [a, b]), "taken")
      assert.strictEqual(yield* taking(1, [a, a]), "taken")
      assert.deepStrictEqual(payloads(yield* sessions.posts(id)), ["a", "c"])
      assert.strictEqual((yield* sessions.get(id)).head, 1)
      assert.strictEqual(yield* taking(1, [c, a], []), "done")
      assert.deepStrictEqual(yield* sessions.posts(id), [])
      assert.strictEqual((yield* sessions.read(id, 0)).length, 1)
      // Their ids are not used again.
      assert.strictEqual((yield* sessions.post(id, message("d"))).id, "p4")
    })

    check("are taken by one of many concurrent appends", function* (sessions) {
      const [{ id }, other] = yield* Effect.all([sessions.create({}), sessions.create({})])
      for (const session of [id, other.id]) yield* sessions.post(session, message("a"))
      const [post] = yield* sessions.posts(id)
      const takes = post === undefined ? [] : [post]
      const calls = range(10).flatMap(() => [
        sessions.append(id, { ...at(0), takes }, []),
        sessions.append(other.id, at(0), [])
      ])
      const outcomes = yield* Effect.forEach(calls, outcome, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        outcomes.map((one, i) => (i > 1 && i % 2 === 0 ? one === "taken" : one === "done")),
        outcomes.map(() => true)
      )
      assert.strictEqual((yield* sessions.posts(other.id)).length, 1)
    })

    check("can be edited and withdrawn until they are taken", function* (sessions) {
      const { id } = yield* sessions.create({})
      const [a, b] = yield* Effect.all([sessions.post(id, message("a")), sessions.post(id, message("b"))])
      yield* sessions.editPost(id, a.id, "a2")
      assert.deepStrictEqual(yield* sessions.posts(id), [{ ...a, payload: "a2", version: 2 }, b])
      // An append takes only what its caller has read.
      assert.strictEqual(yield* outcome(sessions.append(id, { ...at(0), takes: [b, a] }, [fact])), "edited")
      assert.deepStrictEqual(payloads(yield* sessions.posts(id)), ["a2", "b"])
      yield* sessions.withdrawPost(id, b.id)
      assert.deepStrictEqual(payloads(yield* sessions.posts(id)), ["a2"])
      yield* sessions.append(id, { ...at(0), takes: [{ id: a.id, version: 2 }] }, [fact])
      for (const [post, state] of [
        [a, "taken"],
        [b, "withdrawn"]
      ] as const) {
        assert.strictEqual(yield* outcome(sessions.editPost(id, post.id, "c")), state)
        assert.strictEqual(yield* outcome(sessions.withdrawPost(id, post.id)), state)
        assert.strictEqual(yield* outcome(sessions.append(id, { ...at(1), takes: [post] }, [])), state)
      }
      assert.deepStrictEqual(yield* sessions.posts(id), [])
    })

    check("have a key that the session accepts once, even after the post is gone", function* (sessions) {
      const [{ id }, other] = yield* Effect.all([sessions.create({}), sessions.create({})])
      const race = yield* Effect.forEach(range(10), (n) => outcome(sessions.post(id, message(n, "k"))), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(race.toSorted(), ["done", ...range(9).map(() => "waiting")])
      const [post] = yield* sessions.posts(id)
      yield* sessions.append(id, { ...at(0), takes: post === undefined ? [] : [post] }, [fact])
      assert.strictEqual(yield* outcome(sessions.post(id, message(0, "k"))), "taken")
      const gone = yield* sessions.post(id, message(0, "gone"))
      yield* sessions.withdrawPost(id, gone.id)
      assert.strictEqual(yield* outcome(sessions.post(id, message(0, "gone"))), "withdrawn")
      yield* sessions.post(other.id, message(0, "k"))
      yield* sessions.remove(id)
      yield* sessions.create({ id })
      assert.deepStrictEqual(yield* sessions.posts(id), [])
      assert.strictEqual((yield* sessions.post(id, message(0, "k"))).id, "p1")
    })

    check("are shown to subscribers whenever they change, until the session is removed", function* (sessions) {
      const { id } = yield* sessions.create({})
      const a = yield* sessions.post(id, message("a"))
      const seen: Array<ReadonlyArray<Schema.Json>> = []
      const fiber = yield* sessions.followPosts(id).pipe(
        Stream.runForEach((list) => Effect.sync(() => seen.push(payloads(list)))),
        Effect.forkChild({ startImmediately: true })
      )
      const shown = (expected: ReadonlyArray<Schema.Json>) =>
        Effect.map(
          Effect.repeat(Effect.yieldNow, {
            times: patience,
            until: () => json(seen.at(-1) ?? null) === json(expected)
          }),
          () => assert.deepStrictEqual(seen.at(-1), expected)
        )
      yield* shown(["a"])
      const b = yield* sessions.post(id, message("b"))
      yield* shown(["a", "b"])
      yield* sessions.editPost(id, a.id, "a2")
      yield* shown(["a2", "b"])
      yield* sessions.withdrawPost(id, a.id)
      yield* shown(["b"])
      // Appends that take nothing, and posts of other sessions, are no news.
      yield* sessions.append(id, at(0), [fact])
      yield* sessions.append(id, { ...at(1), takes: [b] }, [])
      yield* shown([])
      assert.deepStrictEqual(seen, [["a"], ["a", "b"], ["a2", "b"], ["b"], []])
      yield* sessions.remove(id)
      yield* Effect.repeat(Effect.yieldNow, { times: patience, until: () => fiber.pollUnsafe() !== undefined })
      assert.isDefined(fiber.pollUnsafe(), "the subscription has ended")
    })
  })
}
