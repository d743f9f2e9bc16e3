import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** How many times longer than its computing time a piece of work takes on this machine just now: 1 when nothing else runs. */
const slowness = (): number => {
  const begun = performance.now()
  const cpu = process.cpuUsage()
  let used = 0
  while (used < 200) {
    const { system, user } = process.cpuUsage(cpu)
    used = (user + system) / 1000
  }
  return (performance.now() - begun) / used
}

/**
 * Asserts that something took less than `limit` milliseconds. What takes longer fails on a quiet machine; on a busy one it may
 * take as many times longer as other work does there, which is measured then.
 */
export const promptly = (millis: number, limit: number, what = "it"): void => {
  if (millis < limit) return
  const times = Math.max(slowness(), slowness())
  assert.isBelow(
    millis,
    limit * times,
    `${what} took ${millis} ms; ${limit} ms, ${times.toFixed(1)} times longer than usual`
  )
}

/** Waits for something that must happen within `limit` milliseconds, by the rule of `promptly`; after 50 seconds it is given up. */
export const inTime =
  (limit: number) =>
  <A, E, R>(self: Effect.Effect<A, E, R>) =>
    self.pipe(
      Effect.timeout("50 seconds"),
      Effect.timed,
      Effect.map(([took, value]) => {
        promptly(Duration.toMillis(took), limit)
        return value
      })
    )
