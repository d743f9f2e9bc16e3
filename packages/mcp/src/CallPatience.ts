import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"

/**
 * The time that the calls of one server may take. It stands still while somebody is asked something on the server's
 * behalf: nobody's thinking is held against a tool. A server over standard input and output does not say for which of its
 * calls it asks, so it stands still for all of them.
 */
export interface Asking {
  /** Runs while somebody is asked. */
  readonly during: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Waits until nobody is asked. */
  readonly over: Effect.Effect<void>
  /** Milliseconds up to now in which somebody was asked. */
  readonly spent: (now: number) => number
}

export const makeAsking = Effect.gen(function* () {
  const latch = yield* Latch.make(true)
  const held = { open: 0, since: 0, before: 0 }
  const begin = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.suspend(() => {
      if (held.open++ > 0) return Effect.void
      held.since = now
      return latch.close
    })
  )
  const end = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.suspend(() => {
      if (--held.open > 0) return Effect.void
      held.before += now - held.since
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
    spent: (now) => held.before + (held.open > 0 ? now - held.since : 0)
  }
  return asking
})

export interface CallLimits {
  /** Without a word of the server. */
  readonly silence: Duration.Duration
  /** In all, whatever it reports. */
  readonly total: Duration.Duration
}

export const defaultSilence = Duration.minutes(2)

/** As the user's configuration has it. */
export const limitsOf = ({ maxTimeoutMillis, timeoutMillis }: McpServerConfig): CallLimits => {
  const silence = timeoutMillis === undefined ? defaultSilence : Duration.millis(timeoutMillis)
  return {
    silence,
    total: maxTimeoutMillis === undefined ? Duration.times(silence, 10) : Duration.millis(maxTimeoutMillis)
  }
}

/** How long a call has been waited for, of which `progress` must be told whenever the server reports some. */
export const makePatience = Effect.fnUntraced(function* (asking: Asking, { silence, total }: CallLimits) {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  // Time is counted without that in which somebody was asked.
  const counted = () => now() - asking.spent(now())
  const started = counted()
  const heard = { at: started }
  const left = () => Math.min(heard.at + Duration.toMillis(silence), started + Duration.toMillis(total)) - counted()
  const over: Effect.Effect<void> = Effect.suspend(() =>
    left() <= 0 ? Effect.void : Effect.andThen(Effect.sleep(left()), Effect.andThen(asking.over, over))
  )
  return {
    progress: (): void => void (heard.at = counted()),
    /** Completes when the call has taken too long, with in how many milliseconds. */
    over: Effect.map(Effect.andThen(asking.over, over), () =>
      counted() >= started + Duration.toMillis(total) ? Duration.toMillis(total) : Duration.toMillis(silence)
    )
  }
})
