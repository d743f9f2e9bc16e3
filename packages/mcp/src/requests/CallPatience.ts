import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"

/**
 * Pauses the timeouts of the calls of one server while a user is asked something on the server's behalf, so that the user's
 * time does not count as the tool's. A server over stdio does not tell which of its calls a request belongs to, so the
 * timeouts of all its calls are paused.
 */
export interface Asking {
  /** Runs an effect during which the user is asked, with the timeouts paused. */
  readonly during: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Waits until no question is open. */
  readonly over: Effect.Effect<void>
  /** The total time up to `now` in which a question was open, in milliseconds. */
  readonly spent: (now: number) => number
}

export const makeAsking = Effect.gen(function* () {
  const latch = yield* Latch.make(true)
  const questions = { open: 0, since: 0, before: 0 }
  const begin = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.suspend(() => {
      if (questions.open++ > 0) return Effect.void
      questions.since = now
      return latch.close
    })
  )
  const end = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.suspend(() => {
      if (--questions.open > 0) return Effect.void
      questions.before += now - questions.since
      return latch.open
    })
  )
  const asking: Asking = {
    during: (self) =>
      Effect.acquireUseRelease(
        begin,
        () => self,
        () => end
      ),
    over: latch.await,
    spent: (now) => questions.before + (questions.open > 0 ? now - questions.since : 0)
  }
  return asking
})

export interface CallLimits {
  /** The maximum time without a progress report from the server. */
  readonly silence: Duration.Duration
  /** The maximum total time, whatever progress the server reports. */
  readonly total: Duration.Duration
}

export const defaultSilence = Duration.minutes(2)

/** The limits from the user's configuration. By default, `silence` is two minutes and `total` is ten times `silence`. */
export const limitsOf = ({ maxTimeoutMillis, timeoutMillis }: McpServerConfig): CallLimits => {
  const silence = timeoutMillis === undefined ? defaultSilence : Duration.millis(timeoutMillis)
  return {
    silence,
    total: maxTimeoutMillis === undefined ? Duration.times(silence, 10) : Duration.millis(maxTimeoutMillis)
  }
}

/** Measures how long one call has taken. The caller must call `progress` whenever the server reports progress. */
export const makePatience = Effect.fnUntraced(function* (asking: Asking, { silence, total }: CallLimits) {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  // The time in which a question was open does not count.
  const counted = () => now() - asking.spent(now())
  const started = counted()
  const lastProgress = { at: started }
  const left = () =>
    Math.min(lastProgress.at + Duration.toMillis(silence), started + Duration.toMillis(total)) - counted()
  const over: Effect.Effect<void> = Effect.suspend(() =>
    left() <= 0 ? Effect.void : Effect.andThen(Effect.sleep(left()), Effect.andThen(asking.over, over))
  )
  return {
    progress: (): void => void (lastProgress.at = counted()),
    /** Completes when the call has exceeded a limit, with that limit in milliseconds. */
    over: Effect.map(Effect.andThen(asking.over, over), () =>
      counted() >= started + Duration.toMillis(total) ? Duration.toMillis(total) : Duration.toMillis(silence)
    )
  }
})
