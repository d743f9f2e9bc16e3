import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { add, cacheHitRatio, cost, latest, Price, total, Usage, zero } from "../src/Usage.ts"

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
  it("is added and compared counter by counter, and its total is of all kinds", () => {
    assert.deepStrictEqual(add(some, usage(5, 6, 7, 8)), usage(6, 26, 307, 4008))
    assert.deepStrictEqual(latest(some, usage(2, 10, 301, 0)), usage(2, 20, 301, 4000))
    assert.strictEqual(total(some), 4321)
    assert.strictEqual(total(zero), 0)
  })

  it("never grows to what cannot be stored", () => {
    const most = Number.MAX_SAFE_INTEGER
    const full = add(usage(most, most, most, most), some)
    assert.deepStrictEqual(full, usage(most, most, most, most))
    assert.isTrue(Schema.is(Usage)(full))
  })

  it("costs what each kind costs, per million tokens", () => {
    const million = usage(1e6, 2e6, 3e6, 4e6)
    assert.strictEqual(cost(million, { input: 1, output: 10, cacheRead: 100, cacheWrite: 1000 }), 4321)
    assert.strictEqual(cost(million, { input: 1, output: 10 }), 1 + 20 + 3 + 8)
    assert.strictEqual(cost(million, { input: 1, output: 10, cacheRead: 0, cacheWrite: 0 }), 21, "free is not unknown")
    assert.strictEqual(cost(zero, { input: 1, output: 10 }), 0)
  })

  it("says how much of the input was cached: read from the cache, of all that was input", () => {
    assert.strictEqual(cacheHitRatio(usage(10, 1000, 30, 60)), 0.3)
    assert.strictEqual(cacheHitRatio(usage(0, 0, 5, 0)), 1)
    assert.strictEqual(cacheHitRatio(usage(0, 0, 0, 5)), 0)
    assert.isUndefined(cacheHitRatio(usage(0, 9, 0, 0)))
  })

  it("has no counter below nothing, and a price is within bounds", () => {
    for (const key of Object.keys(zero)) assert.isFalse(Schema.is(Usage)({ ...zero, [key]: -1 }), key)
    const price = (input: number) => Schema.is(Price)({ input, output: 0 })
    assert.isTrue(price(0) && price(1e6))
    assert.isFalse(price(-0.01) || price(1e6 + 1))
  })
})
