import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, completed, delta, fact, started } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

it.effect("invariant 48: events keep the order in which they were appended, wherever the clock is set", () =>
  Effect.gen(function* () {
    const filename = join(yield* Temporary.directory, "sessions.db")
    const open = Effect.map(
      SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce), Layer.fresh, Layer.build),
      (context) => Context.get(context, SessionManager)
    )
    const events = [asked, started, delta("a"), completed, fact, fact]
    const times = [9000, 8000, 500, 7000, 0, 20]
    const { id, seen } = yield* Effect.gen(function* () {
      const sessions = yield* open
      yield* TestClock.setTime(10_000)
      const { id } = yield* sessions.create({})
      const follower = yield* sessions
        .follow(id, 0)
        .pipe(Stream.take(events.length), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      for (const [after, event] of events.entries()) {
        yield* TestClock.setTime(times[after] ?? 0)
        yield* sessions.append(id, at(after), [event])
      }
      return { id, seen: yield* Fiber.join(follower) }
    }).pipe(Effect.scoped)
    assert.deepStrictEqual(
      seen.map(({ at, event, seq }) => [seq, at, event]),
      events.map((event, i) => [i + 1, times[i], event])
    )
    // And from the file, by another process.
    const sessions = yield* open
    assert.deepStrictEqual(
      yield* sessions.read(id, 0),
      seen.filter(({ event }) => event._tag !== "TurnDelta")
    )
    const { head, updatedAt } = yield* sessions.get(id)
    assert.deepStrictEqual({ head, updatedAt }, { head: events.length, updatedAt: 10_000 })
  })
)
