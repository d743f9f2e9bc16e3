import { assert, describe, it } from "vitest"
import { violations } from "../scripts/structure/check.ts"

const check = (sources: { readonly [path: string]: string }) => violations(new Map(Object.entries(sources)))

describe("the structure of the sources", () => {
  it("a folder imports only folders before it", () => {
    const before = 'import { a } from "../log/A.ts"'
    const after = 'import type { B } from "../round/B.ts"'
    const sources = { "packages/session/src/log/A.ts": "", "packages/session/src/round/B.ts": before }
    assert.deepStrictEqual(check(sources), [])
    const planted = check({ "packages/session/src/log/A.ts": after, "packages/session/src/round/B.ts": "" })
    assert.deepStrictEqual(planted, [
      "packages/session/src/log/A.ts imports packages/session/src/round/B.ts: round comes after log"
    ])
  })

  it("every folder is listed in the rules", () => {
    assert.deepStrictEqual(check({ "packages/session/src/new/A.ts": "" }), [
      "packages/session/src/new/A.ts: the folder is not in scripts/structure/rules.ts"
    ])
  })

  it("a package imports only packages that it may depend on, types included", () => {
    const planted = check({
      "packages/mcp/src/index.ts": 'import type { S } from "@parley/session/S"',
      "packages/session/src/round/S.ts": 'import { D } from "@parley/domain/D"',
      "packages/domain/src/D.ts": ""
    })
    assert.deepStrictEqual(planted, [
      "packages/mcp/src/index.ts imports packages/session/src/round/S.ts: mcp must not depend on session"
    ])
  })

  it("no two modules have the same name", () => {
    const found = check({ "packages/mcp/src/text/A.ts": "", "packages/store/src/log/A.ts": "" })
    assert.deepStrictEqual(found, [
      "these modules have one name: packages/mcp/src/text/A.ts, packages/store/src/log/A.ts"
    ])
  })

  it("there are no import cycles, types included", () => {
    const of = (name: string) => `import type { X } from "./${name}.ts"`
    const found = check({
      "packages/domain/src/A.ts": of("B"),
      "packages/domain/src/B.ts": of("C"),
      "packages/domain/src/C.ts": of("A"),
      "packages/domain/src/D.ts": of("A")
    })
    assert.lengthOf(found, 1)
    assert.match(found[0] ?? "", /^these files import each other: /)
    for (const name of ["A", "B", "C"]) assert.include(found[0], `packages/domain/src/${name}.ts`)
    assert.notInclude(found[0], "D.ts")
  })
})
