import { assert, describe, it } from "vitest"
import { type Effort, levels, nearest } from "../src/Effort.ts"

describe("the nearest effort", () => {
  const cases: ReadonlyArray<readonly [wanted: Effort, taken: ReadonlyArray<Effort>, expected: Effort | undefined]> = [
    ["max", ["low", "medium", "high"], "high"],
    ["none", ["high", "low"], "low"],
    ["medium", ["none", "max", "xhigh"], "xhigh"],
    ["xhigh", ["max", "high"], "high"],
    ["high", [], undefined]
  ]
  for (const [wanted, taken, expected] of cases)
    it(`to ${wanted} of ${taken.join(", ") || "none"} is ${expected}`, () =>
      assert.strictEqual(nearest(wanted, taken), expected))
  it("is the wanted one if the model takes it", () => {
    for (const level of levels) assert.strictEqual(nearest(level, levels), level)
  })
})
