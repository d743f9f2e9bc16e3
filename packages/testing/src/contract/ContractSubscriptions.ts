import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { PostChanged } from "@parley/domain/Post"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { at, fact, facts } from "./ContractEvents.ts"

const seqs = (entries: ReadonlyArray<LogEntry>) => entries.map(({ seq }) => seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
type Service = SessionManager["Service"]
const collect = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.forkChild(Stream.runCollect(stream), { startImmediately: true })

/** The contract's tests of subscriptions. */
export const subscriptions = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  type Failure = StorageError | SessionNotFound | SessionBusy | PostChanged
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))

  describe(name, () => {
    check("delivers a log from any cursor, without gaps or duplicates, and only stored events", function* (sessions) {
      const { id } = yield* sessions.create({})
      const follow = (count: number, after: number) =>
        sessions.follow(id, after).pipe(
          Stream.take(count),
          Stream.tap((entry) =>
            Effect.map(sessions.read(id, entry.seq - 1), ([stored]) => assert.deepStrictEqual(stored, entry))
          ),
          collect
        )
      const fibers = [yield* follow(300, 0), yield* follow(300, 0)]
      for (const after of range(0, 299)) {
        if (after === 150) fibers.push(yield* follow(300, 0), yield* follow(200, 100))
        yield* sessions.append(id, at(after), [fact])
      }
      const seen = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(seen.map(seqs), [range(1, 300), range(1, 300), range(1, 300), range(101, 300)])
    })

    check("lets a subscriber fall far behind and then catch up", function* (sessions) {
      const { id } = yield* sessions.create({})
      const latch = yield* Latch.make(false)
      const fiber = yield* sessions.follow(id, 0).pipe(
        Stream.tap(() => latch.await),
        Stream.take(3100),
        collect
      )
      for (const batch of range(0, 30)) yield* sessions.append(id, at(batch * 100), facts(100))
      yield* latch.open
      assert.deepStrictEqual(seqs(yield* Fiber.join(fiber)), range(1, 3100))
    })

    check("ends the subscriptions of a session that is removed", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [fact])
      const reached = yield* Latch.make(false)
      const fiber = yield* sessions.follow(id, 0).pipe(
        Stream.tap(({ seq }) => (seq === 2 ? reached.open : Effect.void)),
        collect
      )
      yield* sessions.append(id, at(1), [fact])
      yield* reached.await
      yield* sessions.remove(id)
      assert.deepStrictEqual(seqs(yield* Fiber.join(fiber)), [1, 2])
    })
  })
}
