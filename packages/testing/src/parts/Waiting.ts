import type { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

/**
 * Until the scope closes, the test clock advances whenever the session waits for a retry, and only then.
 *
 * @since 0.1.0
 * @category functions
 */
export const passes = Effect.fnUntraced(function* (id: SessionId) {
  const sessions = yield* SessionManager
  const waiting = yield* Latch.make(false)
  yield* sessions.follow(id, 0).pipe(
    Stream.runForEach(({ event }) => (event._tag === "RetryScheduled" ? waiting.open : waiting.close)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* waiting.await.pipe(
    Effect.andThen(TestClock.adjust("5 seconds")),
    Effect.andThen(Effect.yieldNow),
    Effect.forever,
    Effect.forkScoped
  )
})
