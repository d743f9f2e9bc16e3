import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import * as Json from "../src/internal/Json.ts"
import { plain } from "../src/internal/Plain.ts"

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

describe("an item that is taken out of a list", () => {
  for (const list of lists)
    it(`leaves the others, the last one too: ${JSON.stringify(list)}`, () => {
      const before = `{ "list": ${list}, "more": 1 }`
      for (const index of [0, 1]) {
        const after = changed(before, ["list", index])
        assert.deepStrictEqual(valueOf(after), { list: items(valueOf(before)).toSpliced(index, 1), more: 1 }, after)
      }
    })

  it("leaves the layout and what is said beside the others, when it is the last", () => {
    assert.strictEqual(changed('{ "a": ["x", "y"], /* b */ "b": 1 }', ["a", 1]), '{ "a": ["x"], /* b */ "b": 1 }')
    assert.strictEqual(
      changed('{\n\t"a": [\n\t\t"x",\n\t\t"y" // yes\n\t] // no\n}\n', ["a", 1]),
      '{\n\t"a": [\n\t\t"x"\n\t] // no\n}\n'
    )
  })

  it("may be the only one, and must be there", () => {
    assert.deepStrictEqual(valueOf(changed('{ "a": ["x"] }', ["a", 0])), { a: [] })
    assert.strictEqual(changed('{ "a": ["x", "y"] }', ["a", 2]), "a[2] cannot be set: what holds it is not an object")
    assert.strictEqual(changed('{ "a": 1 }', ["a", "b"], 2), "a.b cannot be set: what holds it is not an object")
  })
})

describe("a place in a text", () => {
  it("is counted from 1, whatever ends the lines", () => {
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

  it("is the innermost node on the way that exists", () => {
    const parsed = Json.parse('{ "a": { "b": [1, 2] } }')
    if (parsed._tag === "Failure") return assert.fail(parsed.failure.problem)
    const at = (...path: Json.Path) => Json.nodeAt(parsed.success.root, path).offset
    assert.deepStrictEqual(
      [at(), at("x"), at("a"), at("a", "x", "y"), at("a", "b", 1), at("a", "b", 7)],
      [0, 0, 7, 7, 18, 14]
    )
  })

  it("is written as it is in code, with odd keys quoted", () => {
    assert.strictEqual(Json.pathText(["a", "b-1", 2, "$_", "a b", "1x", ""]), 'a.b-1[2].$_["a b"]["1x"][""]')
    assert.strictEqual(Json.pathText(["\u001b"]), '["\\u{1b}"]')
    assert.strictEqual(Json.pathText([0, "a"]), "[0].a")
  })
})

describe("a text that is quoted", () => {
  it("has nothing in it that a terminal acts on, and sixty characters at most", () => {
    assert.strictEqual(
      Json.quote('a"\\\u001b\u202e\u2028\u2029\n'),
      '"a\\"\\\\\\u{1b}\\u{202e}\\u{2028}\\u{2029}\\u{a}"'
    )
    assert.strictEqual(Json.quote("x".repeat(60)), `"${"x".repeat(60)}"`)
    assert.strictEqual(Json.quote("x".repeat(61)), `"${"x".repeat(60)}…"`)
    assert.strictEqual(Json.quote("😀".repeat(61)), `"${"😀".repeat(60)}…"`)
    assert.strictEqual(Json.quote("x".repeat(1000)), `"${"x".repeat(60)}…"`)
  })

  it("is not quoted inside a sentence when it is short and on one line", () => {
    for (const text of ["a b", "é/\"'", "x".repeat(60)]) assert.strictEqual(plain(text), text)
    for (const text of ["", "a\nb", "\u001b", "a\u2028", "x".repeat(61)])
      assert.strictEqual(plain(text), Json.quote(text))
  })
})

it("brackets may be 64 deep, and no deeper", () => {
  const nested = (depth: number) => Json.parse(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}, "b": [[]]}`)
  assert.strictEqual(nested(64)._tag, "Success")
  assert.deepInclude(nested(65), { failure: { offset: 68, problem: "nested more than 64 deep" } })
})
