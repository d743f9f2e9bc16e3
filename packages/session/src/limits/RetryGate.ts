import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds between the retries of two sessions. */
const spacing = 50

/**
 * Spaces out the retries of all sessions that one provider rejected because of its load. Sessions that retry at the same
 * time would be rejected together again. Random waits make this unlikely; the gate makes it impossible within one
 * process.
 */
export class RetryGate {
  /** The reserved times of each provider, in milliseconds of the monotonic clock. */
  private readonly taken = new Map<string, ReadonlyArray<number>>()

  /** Reserves the first free time that is at least `wait` milliseconds from now, and returns the milliseconds until then. */
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
