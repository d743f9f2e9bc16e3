import { ContextManifest, Provenance } from "@parley/domain"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"

const { isTainted, provenanceOf, Segment } = ContextManifest
const segments = Arbitrary.schema(Schema.Array(Segment))
const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 }))
const stretches = Arbitrary.schema(
  Schema.Array(
    Schema.Struct({ block: Schema.Literal(0), start: Schema.optionalKey(Index), end: Schema.optionalKey(Index) })
  )
)
const outside: typeof Segment.Type = {
  part: "history",
  source: "result:x:r1t1c1",
  provenance: "outside",
  bytes: 1,
  tokens: 1,
  hash: ""
}

describe("provenance", () => {
  it.prop("one segment from outside taints any request", [segments, Arbitrary.schema(Index)], ([all, at]) => {
    assert.isTrue(isTainted([...all.slice(0, at), outside, ...all.slice(at)]))
    const trusted = all.map((segment) => ({ ...segment, provenance: "user" as const }))
    assert.isFalse(isTainted(trusted))
    assert.isFalse(isTainted([...trusted, { ...outside, bytes: 0 }]), "what is not there taints nothing")
  })

  it("that is not stored is assumed to be outside unless Parley itself must have written the segment", () => {
    const of = (source: string) => provenanceOf({ source })
    for (const source of ["tools", "environment", "project-instructions", "files", "date"])
      assert.strictEqual(of(source), "parley", source)
    assert.strictEqual(of("tool:fs_read"), "reviewed")
    for (const source of ["instructions", "rules", "pinned", "request", "goal", "summary", "file:date", "tools:x", ""])
      assert.strictEqual(of(source), "outside", source)
  })

  it.prop(
    "of a text in pieces has no gaps and is right for each character",
    [Schema.String, stretches],
    ([text, all]) => {
      const found = Provenance.pieces(text, all)
      assert.strictEqual(found.map((piece) => piece.text).join(""), text)
      const is = found.flatMap((piece) => piece.text.split("").map(() => piece.provenance))
      for (const [i, provenance] of is.entries()) {
        const inside = all.some(({ end = text.length, start = 0 }) => start <= i && i < end)
        assert.strictEqual(provenance, inside ? "outside" : "user", `character ${i}`)
      }
    }
  )
})
