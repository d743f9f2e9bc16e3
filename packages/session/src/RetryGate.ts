import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds between the retries of two sessions. */
const spacing = 50

/**
 * Keeps the retries of all sessions apart that one provider turned away: sessions that were told to come back at the same
 * time would be turned away together again. Random waits alone make that unlikely; this makes it impossible.
 */
export class RetryGate {
  /** By provider, the instants that are taken, in milliseconds of the monotonic clock. */
  private readonly taken = new Map<string, ReadonlyArray<number>>()

  /** Milliseconds from now: `wait`, or the first moment after it that no other session has. The moment is taken by this. */
  readonly reserve = (provider: string, wait: number): Effect.Effect<number> =>
    Effect.map(Clock.monotonicTimeNanos, (nanos) => {
      const now = Number(nanos / 1_000_000n)
      const others = (this.taken.get(provider) ?? []).filter((at) => at + spacing > now)
      let at = now + wait
      for (const other of others) if (Math.abs(at - other) < spacing) at = other + spacing
      this.taken.set(
        provider,
        [...others, at].sort((a, b) => a - b)
      )
      return at - now
    })
}
