import { assert, describe, it } from "@effect/vitest"
import { boundJson } from "../src/text/BoundedJson.ts"

const roomy = { depth: 10, nodes: 100, characters: 1000 }

describe("a JSON value from outside", () => {
  it("is copied unchanged, except for values that JSON lacks and malformed text", () => {
    const value = {
      text: "a\ud800b",
      "k\udc00": true,
      list: [1, null, false, [{}]],
      none: undefined,
      odd: NaN,
      big: 1 / 0
    }
    assert.deepStrictEqual(boundJson(value, roomy), {
      text: "a\ufffdb",
      "k\ufffd": true,
      list: [1, null, false, [{}]],
      odd: null,
      big: null
    })
    assert.isNull(boundJson(undefined, roomy))
    const hidden: unknown = JSON.parse(`{"__proto__":{"a":1}}`)
    assert.deepStrictEqual(Object.entries(Object(boundJson(hidden, roomy))), [["__proto__", { a: 1 }]])
  })

  it("may be as deep and as large as the limits, and no deeper or larger", () => {
    const fits = (value: unknown, limits: Partial<typeof roomy>) =>
      boundJson(value, { ...roomy, ...limits }) !== undefined
    const cases: ReadonlyArray<readonly [value: unknown, limit: keyof typeof roomy, most: number]> = [
      [1, "depth", 0],
      [{ a: [1] }, "depth", 2],
      [[[]], "depth", 1],
      [1, "nodes", 1],
      [[1, { a: "b" }], "nodes", 4],
      [{ ab: "cde", f: [] }, "characters", 6],
      [["a", ["bc"]], "characters", 3]
    ]
    for (const [value, limit, most] of cases) {
      assert.isTrue(fits(value, { [limit]: most }), `${JSON.stringify(value)} with ${most} of ${limit}`)
      assert.isFalse(fits(value, { [limit]: most - 1 }), `${JSON.stringify(value)} with ${most - 1} of ${limit}`)
    }
    // A limit that was exceeded stays exceeded, whatever follows.
    assert.isFalse(fits(["abc", 1, "", {}], { characters: 2 }))
    assert.isFalse(fits([[[1]], 1, 2], { depth: 1 }))
  })

  it("cannot exhaust the stack", () => {
    let deep: unknown = 1
    for (let i = 0; i < 200_000; i++) deep = i % 2 === 0 ? [deep] : { a: deep }
    assert.isUndefined(boundJson(deep, { depth: 100, nodes: 1e9, characters: 1e9 }))
  })
})
