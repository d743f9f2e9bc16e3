import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import * as Json from "../src/json/Json.ts"
import { plain } from "../src/json/Plain.ts"

const changed = (text: string, path: Json.Path, value?: unknown) => {
  const after = Json.change(text, path, value)
  return after._tag === "Success" ? after.success : after.failure
}

const valueOf = (text: string): unknown => {
  const parsed = Json.parse(text)
  return parsed._tag === "Success" ? parsed.success.value : parsed.failure
}
const items = (value: unknown): ReadonlyArray<unknown> =>
  Predicate.hasProperty(value, "list") && Array.isArray(value.list) ? value.list : []

const lists = [
  '["a", "b"]',
  '["a","b"]',
  '["a", "b" ]',
  '["a", "b",]',
  '[\n  "a",\n  "b"\n]',
  '[\r\n  "a",\r\n  "b",\r\n]',
  '["a", {"x": ["b"]}]',
  '["a", 2]'
]

describe("an item that is removed from a list", () => {
  for (const list of lists)
    it(`preserves the others, even if it is the last one: ${JSON.stringify(list)}`, () => {
      const before = `{ "list": ${list}, "more": 1 }`
      for (const index of [0, 1]) {
        const after = changed(before, ["list", index])
        assert.deepStrictEqual(valueOf(after), { list: items(valueOf(before)).toSpliced(index, 1), more: 1 }, after)
      }
    })

  it("preserves the layout and the comments of the others, if it is the last one", () => {
    assert.strictEqual(changed('{ "a": ["x", "y"], /* b */ "b": 1 }', ["a", 1]), '{ "a": ["x"], /* b */ "b": 1 }')
    assert.strictEqual(
      changed('{\n\t"a": [\n\t\t"x",\n\t\t"y" // yes\n\t] // no\n}\n', ["a", 1]),
      '{\n\t"a": [\n\t\t"x"\n\t] // no\n}\n'
    )
  })

  it("may be the only one, and must exist", () => {
    assert.deepStrictEqual(valueOf(changed('{ "a": ["x"] }', ["a", 0])), { a: [] })
    assert.strictEqual(changed('{ "a": ["x", "y"] }', ["a", 2]), "a[2] cannot be set: its parent is not an object")
    assert.strictEqual(changed('{ "a": 1 }', ["a", "b"], 2), "a.b cannot be set: its parent is not an object")
  })
})

describe("a position in a text", () => {
  it("is counted from 1, with any kind of line end", () => {
    for (const [text, line, column] of [
      ["", 1, 1],
      ["ab", 1, 3],
      ["a\n", 2, 1],
      ["a\r\nbc", 2, 3],
      ["a\rb\nc\r\n\r\n", 5, 1],
      ["😀", 1, 3]
    ] as const)
      assert.deepStrictEqual(Json.position(`${text}rest\n`, text.length), { line, column })
  })

  it("is that of the innermost existing node on the path", () => {
    const parsed = Json.parse('{ "a": { "b": [1, 2] } }')
    if (parsed._tag === "Failure") return assert.fail(parsed.failure.problem)
    const at = (...path: Json.Path) => Json.nodeAt(parsed.success.root, path).offset
    assert.deepStrictEqual(
      [at(), at("x"), at("a"), at("a", "x", "y"), at("a", "b", 1), at("a", "b", 7)],
      [0, 0, 7, 7, 18, 14]
    )
  })

  it("is written like a property path in code, with unusual keys quoted", () => {
    assert.strictEqual(Json.pathText(["a", "b-1", 2, "$_", "a b", "1x", ""]), 'a.b-1[2].$_["a b"]["1x"][""]')
    assert.strictEqual(Json.pathText(["\u001b"]), '["\\u{1b}"]')
    assert.strictEqual(Json.pathText([0, "a"]), "[0].a")
  })
})

describe("a quoted text", () => {
  it("contains no control characters for a terminal, and at most sixty characters", () => {
    assert.strictEqual(
      Json.quote('a"\\\u001b\u202e\u2028\u2029\n'),
      '"a\\"\\\\\\u{1b}\\u{202e}\\u{2028}\\u{2029}\\u{a}"'
    )
    assert.strictEqual(Json.quote("a\u00a0\u3164\u{e0100}b"), '"a\\u{a0}\\u{3164}\\u{e0100}b"')
    assert.strictEqual(Json.quote("x".repeat(60)), `"${"x".repeat(60)}"`)
    assert.strictEqual(Json.quote("x".repeat(61)), `"${"x".repeat(60)}…"`)
    assert.strictEqual(Json.quote("😀".repeat(61)), `"${"😀".repeat(60)}…"`)
    assert.strictEqual(Json.quote("x".repeat(1000)), `"${"x".repeat(60)}…"`)
  })

  it("is not quoted in a sentence if it is short and on one line", () => {
    for (const text of ["a b", "é/\"'", "x".repeat(60)]) assert.strictEqual(plain(text), text)
    for (const text of ["", "a\nb", "\u001b", "a\u2028", "x".repeat(61)])
      assert.strictEqual(plain(text), Json.quote(text))
  })
})

it("brackets may be nested at most 64 deep", () => {
  const nested = (depth: number) => Json.parse(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}, "b": [[]]}`)
  assert.strictEqual(nested(64)._tag, "Success")
  assert.deepInclude(nested(65), { failure: { offset: 68, problem: "nested more than 64 deep" } })
})
