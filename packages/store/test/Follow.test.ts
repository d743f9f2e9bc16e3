import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, delta, fact } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

/** Two stores on one file, as two processes have them: they share nothing but the file. */
const two = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const store = SqliteSessions.layer({ filename }).pipe(
    Layer.provide(Temporary.atOnce),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )
  const [here, there] = yield* Effect.all([store, store])
  return { here, there, info: yield* here.create({}) }
})

const settle = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })
const tick = Effect.andThen(TestClock.adjust(200), settle)

/** What a follower has seen so far. */
const following = Effect.fnUntraced(function* (
  sessions: SessionManager["Service"],
  id: Parameters<typeof sessions.get>[0]
) {
  const seen: Array<number> = []
  const fiber = yield* sessions.follow(id, 0).pipe(
    Stream.runForEach(({ seq }) => Effect.sync(() => seen.push(seq))),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* settle
  return { seen, fiber }
})

describe("a follower", () => {
  it.effect("receives its own process's events immediately, and those of others a little later", () =>
    Effect.gen(function* () {
      const { here, there, info } = yield* two
      const { seen } = yield* following(here, info.id)
      yield* there.append(info.id, at(0), [fact, delta("a")])
      yield* tick
      yield* tick
      assert.deepStrictEqual(seen, [1, 2])
      yield* there.append(info.id, at(2), [delta("b")])
      yield* tick
      assert.deepStrictEqual(seen, [1, 2, 3])
      yield* here.append(info.id, at(3), [fact])
      yield* settle
      assert.deepStrictEqual(seen, [1, 2, 3, 4])
    })
  )

  it.effect("misses nothing if processes alternate faster than it checks", () =>
    Effect.gen(function* () {
      const { here, there, info } = yield* two
      const { seen } = yield* following(here, info.id)
      for (let n = 0; n < 30; n++) {
        yield* (n % 3 === 0 ? here : there).append(info.id, at(n), [fact])
        if (n % 7 === 0) yield* settle
      }
      yield* here.append(info.id, at(30), [fact])
      yield* settle
      assert.deepStrictEqual(
        seen,
        Array.from({ length: 31 }, (_, i) => i + 1)
      )
    })
  )

  it.effect("ends when another process removes the session", () =>
    Effect.gen(function* () {
      const { here, there, info } = yield* two
      const { fiber, seen } = yield* following(here, info.id)
      yield* there.append(info.id, at(0), [fact])
      yield* tick
      yield* tick
      yield* there.remove(info.id)
      yield* tick
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, [1])
    })
  )
})
