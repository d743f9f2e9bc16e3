import { assert, describe, it } from "@effect/vitest"
import { type Answer, type Field, problemOf, problemWith, withDefaults } from "../src/ElicitationForm.ts"

const named = { key: "k", title: "K", required: false }
const options = [
  { value: "a", title: "A" },
  { value: "b", title: "B" }
]

describe("an answer to a form", () => {
  const cases: ReadonlyArray<readonly [Field, ReadonlyArray<Answer>, ReadonlyArray<Answer>]> = [
    [{ _tag: "Text", ...named, minLength: 2, maxLength: 3 }, ["ab", "😀😀😀"], ["a", "abcd", 1, true, ["ab"]]],
    [{ _tag: "Text", ...named, format: "email" }, ["a@b.c"], ["a", "a@", "a b@c"]],
    [{ _tag: "Text", ...named, format: "uri" }, ["https://a.b/c", "mailto:x"], ["a", "https://a b"]],
    [{ _tag: "Text", ...named, format: "date" }, ["2026-02-28"], ["2026-13-01", "today", "2026-1-1"]],
    [{ _tag: "Text", ...named, format: "date-time" }, ["2026-02-28T10:00:00Z"], ["2026-02-28", "10:00"]],
    [{ _tag: "Number", ...named, integer: true, minimum: 1, maximum: 3 }, [1, 3], [0, 4, 1.5, "1"]],
    [{ _tag: "Number", ...named, integer: false }, [1.5, -1], ["x", true]],
    [{ _tag: "Flag", ...named }, [true, false], ["yes", 1]],
    [{ _tag: "Choice", ...named, options }, ["a", "b"], ["A", "c", ["a"]]],
    [{ _tag: "Choices", ...named, options, minItems: 1, maxItems: 1 }, [["a"]], [[], ["a", "b"], ["c"], "a"]]
  ]
  for (const [field, good, bad] of cases)
    it(`is checked against its field: ${field._tag} ${"format" in field ? field.format : ""}`, () => {
      for (const answer of good) assert.isUndefined(problemOf(field, answer), String(answer))
      for (const answer of bad) assert.isDefined(problemOf(field, answer), String(answer))
    })

  it("defaults to the form's value if that is valid", () => {
    const fields: ReadonlyArray<Field> = [
      { _tag: "Text", ...named, key: "a", default: "x" },
      { _tag: "Text", ...named, key: "b", default: "x", minLength: 2 },
      { _tag: "Flag", ...named, key: "c", default: false }
    ]
    assert.deepStrictEqual(withDefaults(fields, { c: true }), { a: "x", c: true })
  })

  it("must exist if it is required, and its field must exist", () => {
    const fields: ReadonlyArray<Field> = [{ _tag: "Text", ...named, required: true }]
    assert.isUndefined(problemWith(fields, { k: "" }))
    assert.strictEqual(problemWith(fields, {}), "k is missing")
    assert.strictEqual(problemWith(fields, { k: "", l: "" }), "l was not asked for")
  })
})
