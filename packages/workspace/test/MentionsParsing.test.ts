import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Effect from "effect/Effect"
import { mentions } from "../src/internal/Mentions.ts"

const paths = (text: string) => Array.from(mentions(text), ({ path }) => path)
const fileLike = (text: string) => Array.from(mentions(text)).flatMap(({ fileLike, path }) => (fileLike ? [path] : []))

describe("mentions", () => {
  it("stand at the beginnings of words", () => {
    const text =
      'See @a.md, (@b/c.ts) [@d] and\n@"e f.md"!\tMail me@home.de or <me@work.de>; @é/😀.md @a.md +@no "@scope/pkg/x.js"'
    assert.deepStrictEqual(paths(text), ["a.md", "b/c.ts", "d", "e f.md", "é/😀.md", "a.md"])
    assert.deepStrictEqual(paths('@ @@ @"" a@b @-1,3'), ["@", "-1,3"])
    assert.deepStrictEqual(paths('@"never closed\n@"nor this'), [])
  })

  it("may mean a name with an end of a sentence in it, the longest first", () => {
    const meant = (text: string) => Array.from(mentions(text)).flatMap(({ meant }) => meant.map(({ path }) => path))
    assert.deepStrictEqual(meant("@what?!"), ["what?!", "what?", "what"])
    assert.deepStrictEqual(meant("@a......."), ["a.......", "a......", "a.....", "a....", "a"])
    assert.deepStrictEqual(meant("@a"), ["a"])
  })

  it("may be about lines", () => {
    const last = (text: string) => Array.from(mentions(text))[0]?.meant.at(-1)
    assert.deepStrictEqual(last("@a.ts#L10-20."), { path: "a.ts", lines: { first: 10, last: 20 } })
    assert.deepStrictEqual(last("@a.ts#L10-L20"), { path: "a.ts", lines: { first: 10, last: 20 } })
    assert.deepStrictEqual(last("@a.ts#L7"), { path: "a.ts", lines: { first: 7, last: 7 } })
    assert.deepStrictEqual(last('@"a b.ts"#L7-9'), { path: "a b.ts", lines: { first: 7, last: 9 } })
    assert.deepStrictEqual(last('@"a b.ts#L7"'), { path: "a b.ts", lines: { first: 7, last: 7 } })
    assert.deepStrictEqual(last("@a.ts#section"), { path: "a.ts#section" })
  })

  it("are told from names of packages and people by their form", () => {
    const all = '@src/nope.ts @./x @../x @/x @~/x @c:x @file:///x @a/../b @x.md @.env @"x y" @Makefile#L3 @a\0b'
    assert.strictEqual(fileLike(all).length, 13)
    assert.deepStrictEqual(fileLike("@scope/pkg @types/node@22.1 @someone @media @param, @Override(x) @-1,3"), [])
  })
})

const Piece = Schema.Literals([
  "@",
  '"',
  "#L",
  "1",
  "-",
  "a",
  "/",
  ".",
  "..",
  " ",
  "\n",
  "\0",
  "\\",
  "é",
  "😀",
  "\ud83d",
  "(",
  ")"
])

it.effect.prop("finding them never fails, whatever the text", [Schema.Array(Piece)], ([pieces]) =>
  Effect.sync(() => {
    const text = pieces.join("")
    for (const { meant, path } of mentions(text)) {
      assert.notStrictEqual(path, "")
      for (const { path } of meant) assert.include(text, path)
    }
  })
)

it("takes time in proportion to the text", () => {
  const evil = [
    "@",
    ' @"',
    " @a",
    "@a.",
    '@"a b',
    " @" + ".".repeat(4000),
    " @" + "a.".repeat(2000),
    " @" + "/".repeat(4000),
    " @" + "#L1-".repeat(1000),
    ' @"' + "x".repeat(4000),
    " @" + "é".repeat(2000)
  ]
  for (const piece of evil) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length))
    let best = Infinity
    for (let i = 0; i < 3; i++) {
      const started = performance.now()
      // Each of them, as the caller may not stop.
      for (const { path } of mentions(`${text}${i}`)) assert.notStrictEqual(path, "")
      best = Math.min(best, performance.now() - started)
    }
    assert.isBelow(best, 100, piece.slice(0, 20))
  }
})
