import { assert } from "@effect/vitest"

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
