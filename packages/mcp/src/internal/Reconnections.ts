import * as Effect from "effect/Effect"

/** What a timer can wait; it would take more for nothing at all. */
const longest = 2 ** 31 - 1

/**
 * Waits before a stream that broke off is opened again, for as long as the server likes. The SDK remembers only the last of
 * the streams that wait; with the scope the waiting of all of them ends, so that it keeps no process from ending.
 */
export const reconnections = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new Set<ReturnType<typeof setTimeout>>()),
    (waiting) => Effect.sync(() => waiting.forEach((timer) => clearTimeout(timer)))
  ),
  (waiting) => (reconnect: () => void, delay: number) => {
    // @effect-diagnostics-next-line globalTimers:off -- called by the SDK, outside of any Effect
    const timer = setTimeout(
      () => {
        waiting.delete(timer)
        reconnect()
      },
      Math.min(delay, longest)
    )
    waiting.add(timer)
    return () => {
      clearTimeout(timer)
      waiting.delete(timer)
    }
  }
)
