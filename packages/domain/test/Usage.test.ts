import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { add, cacheHitRatio, cost, latest, Price, total, Usage, worstCost, zero } from "../src/Usage.ts"

const usage = (
  inputTokens: number,
  outputTokens: number,
  cacheReadTokens: number,
  cacheWriteTokens: number
): Usage => ({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens
})
const some = usage(1, 20, 300, 4000)

describe("usage", () => {
  it("is added and compared counter by counter, and its total includes all counters", () => {
    assert.deepStrictEqual(add(some, usage(5, 6, 7, 8)), usage(6, 26, 307, 4008))
    assert.deepStrictEqual(latest(some, usage(2, 10, 301, 0)), usage(2, 20, 301, 4000))
    assert.strictEqual(total(some), 4321)
    assert.strictEqual(total(zero), 0)
  })

  it("never grows beyond what can be stored", () => {
    const most = Number.MAX_SAFE_INTEGER
    const full = add(usage(most, most, most, most), some)
    assert.deepStrictEqual(full, usage(most, most, most, most))
    assert.isTrue(Schema.is(Usage)(full))
  })

  it("is priced by counter, per million tokens", () => {
    const million = usage(1e6, 2e6, 3e6, 4e6)
    assert.strictEqual(cost(million, { input: 1, output: 10, cacheRead: 100, cacheWrite: 1000 }), 4321)
    assert.strictEqual(cost(million, { input: 1, output: 10 }), 1 + 20 + 3 + 8)
    assert.strictEqual(cost(million, { input: 1, output: 10, cacheRead: 0, cacheWrite: 0 }), 21, "free is not unknown")
    assert.strictEqual(cost(zero, { input: 1, output: 10 }), 0)
  })

  it("is priced at the highest tier below the whole input, for all tokens of the request", () => {
    const tiers = [
      { inputTokensAbove: 1000, input: 100, output: 1000, cacheRead: 10 },
      { inputTokensAbove: 100, input: 10, output: 100 }
    ]
    const price = { input: 1, output: 10, cacheRead: 0.5, cacheWrite: 2, tiers }
    assert.strictEqual(cost(usage(100, 1, 0, 0), price) * 1e6, 100 + 10)
    assert.strictEqual(cost(usage(101, 1, 0, 0), price) * 1e6, 1010 + 100, "the tier begins above its limit")
    assert.strictEqual(cost(usage(1, 1, 50, 50), price) * 1e6, 10 + 100 + 500 + 1000, "cached input counts as well")
    assert.strictEqual(cost(usage(1001, 2, 0, 0), price) * 1e6, 100_100 + 2000)
    assert.strictEqual(cost(usage(901, 1, 100, 0), price) * 1e6, 90_100 + 1000 + 1000)
  })

  it("has a worst case: all input at the dearest of its rates, at the tier that it reaches", () => {
    const tiers = [{ inputTokensAbove: 100, input: 10, output: 100, cacheRead: 30, cacheWrite: 20 }]
    const price = { input: 1, output: 10, cacheRead: 0, cacheWrite: 0, tiers }
    assert.strictEqual(worstCost(100, 7, price) * 1e6, 100 + 70)
    assert.strictEqual(worstCost(101, 7, price) * 1e6, 3030 + 700)
    assert.strictEqual(
      worstCost(10, 0, { input: 3, output: 9 }) * 1e6,
      60,
      "an unknown price of the cache is the dearest"
    )
  })

  it("has a cache hit ratio: input read from the cache as a share of all input", () => {
    assert.strictEqual(cacheHitRatio(usage(10, 1000, 30, 60)), 0.3)
    assert.strictEqual(cacheHitRatio(usage(0, 0, 5, 0)), 1)
    assert.strictEqual(cacheHitRatio(usage(0, 0, 0, 5)), 0)
    assert.isUndefined(cacheHitRatio(usage(0, 9, 0, 0)))
  })

  it("has no negative counter, and prices are within bounds", () => {
    for (const key of Object.keys(zero)) assert.isFalse(Schema.is(Usage)({ ...zero, [key]: -1 }), key)
    const price = (input: number) => Schema.is(Price)({ input, output: 0 })
    assert.isTrue(price(0) && price(1e6))
    assert.isFalse(price(-0.01) || price(1e6 + 1))
  })
})
