import { assert, it } from "@effect/vitest"
import type { Usage } from "@parley/domain/Usage"
import { Meter } from "../src/limits/SamplingUsage.ts"

const usage: Usage = { inputTokens: 1_000_000, outputTokens: 2_000_000, cacheReadTokens: 3, cacheWriteTokens: 4 }
const price = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 }

it("sampling is counted in total, since the start of a round, and for the latest round", () => {
  const meter = new Meter()
  const nothing = { tokens: 0, cost: 0 }
  assert.deepStrictEqual(meter.inAll, nothing)
  assert.deepStrictEqual(meter.inLatestRound, nothing)

  meter.add(usage, price)
  assert.deepStrictEqual(meter.inAll, { tokens: 3_000_007, cost: 5 })
  assert.deepStrictEqual(meter.inLatestRound, { tokens: 3_000_007, cost: 5 }, "before any round")

  const first = meter.round()
  assert.deepStrictEqual(first(), nothing, "a round starts at nothing")
  meter.add(usage, price)
  meter.add(usage, undefined)
  assert.deepStrictEqual(first(), { tokens: 6_000_014, cost: 5 }, "what has no price counts in tokens")

  const second = meter.round()
  meter.add(usage, price)
  assert.deepStrictEqual(second(), { tokens: 3_000_007, cost: 5 })
  assert.deepStrictEqual(meter.inLatestRound, { tokens: 3_000_007, cost: 5 })
  assert.deepStrictEqual(first(), { tokens: 9_000_021, cost: 10 }, "a round that runs beside it counts on")
  assert.deepStrictEqual(meter.inAll, { tokens: 12_000_028, cost: 15 })
})
