import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Effect from "effect/Effect"
import { mentions } from "../src/files/Mentions.ts"

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

  it("may include punctuation that could end a sentence; the longest name comes first", () => {
    const meant = (text: string) => Array.from(mentions(text)).flatMap(({ meant }) => meant.map(({ path }) => path))
    assert.deepStrictEqual(meant("@what?!"), ["what?!", "what?", "what"])
    assert.deepStrictEqual(meant("@a......."), ["a.......", "a......", "a.....", "a....", "a"])
    assert.deepStrictEqual(meant("@a"), ["a"])
  })

  it("may contain a range of lines", () => {
    const last = (text: string) => Array.from(mentions(text))[0]?.meant.at(-1)
    assert.deepStrictEqual(last("@a.ts#L10-20."), { path: "a.ts", lines: { first: 10, last: 20 } })
    assert.deepStrictEqual(last("@a.ts#L10-L20"), { path: "a.ts", lines: { first: 10, last: 20 } })
    assert.deepStrictEqual(last("@a.ts#L7"), { path: "a.ts", lines: { first: 7, last: 7 } })
    assert.deepStrictEqual(last('@"a b.ts"#L7-9'), { path: "a b.ts", lines: { first: 7, last: 9 } })
    assert.deepStrictEqual(last('@"a b.ts#L7"'), { path: "a b.ts", lines: { first: 7, last: 7 } })
    assert.deepStrictEqual(last("@a.ts#section"), { path: "a.ts#section" })
  })

  it("are distinguished from names of packages and people by their form", () => {
    const all = '@src/nope.ts @./x @../x @/x @~/x @c:x @file:///x @a/../b @x.md @.env @"x y" @Makefile#L3 @a\0b'
    assert.strictEqual(fileLike(all).length, 13)
    assert.deepStrictEqual(fileLike("@scope/pkg @types/node@22.1 @someone @media @param, @Override(x) @-1,3"), [])
  })
})

describe("mentions in scripts with punctuation of their own", () => {
  it("are found after it, and end before it", () => {
    const texts = [
      "看看 @README.md。",
      "请看@README.md，然后总结",
      "読んで @README.md、要約して",
      "（@README.md）",
      "「@README.md」を読んで",
      "см. «@README.md»",
      "„@README.md“",
      "“@README.md”, ‘@README.md’",
      "‹@README.md›",
      "说明：@README.md！好吗？",
      "انظر @README.md، ثم",
      "هل @README.md؟",
      "देखो @README.md।",
      "see—@README.md—now",
      "see @README.md… and",
      "【@README.md】〈@README.md〉《@README.md》",
      "ดู@README.md",
      "＜@README.md＞",
      "\u200f@README.md\u200f"
    ]
    for (const text of texts)
      assert.include(["README.md", "README.md README.md", "README.md README.md README.md"], paths(text).join(" "), text)
    assert.deepStrictEqual(paths("@a.md、@b.md と@c.md"), ["a.md", "b.md", "c.md"])
    // Without any punctuation of that script too, and with lines.
    assert.deepStrictEqual(paths("看 @a.md,谢谢 @b.md是什么 @src/c.ts:10-20这里"), ["a.md", "b.md", "src/c.ts"])
    assert.deepStrictEqual(Array.from(mentions("（@a.ts#L3-4），好"))[0]?.meant.at(-1), {
      path: "a.ts",
      lines: { first: 3, last: 4 }
    })
  })

  it("may name a file with such punctuation, and do not name a part of a missing one", () => {
    const meant = Array.from(mentions("@报告（终稿）.docx")).flatMap(({ meant }) => meant.map(({ path }) => path))
    assert.deepStrictEqual(meant, ["报告（终稿）.docx", "报告（终稿", "报告"])
    assert.deepStrictEqual(paths("@报告（终稿）.docx @l’été.md @2020–2021.md @docs/「設計」.md"), [
      "报告（终稿）.docx",
      "l’été.md",
      "2020–2021.md",
      "docs/「設計」.md"
    ])
    for (const { meant } of mentions("@docs/「設計」.md"))
      assert.notInclude(
        meant.map(({ path }) => path),
        "docs/"
      )
  })

  it("do not include addresses, decorators and names of packages", () => {
    const none = "a@b.c <a@b.c> é@b.c ж@b.c \"@scope/pkg\" '@scope/pkg' `@Component` x:@y a.@b a-@b"
    assert.deepStrictEqual(paths(none), [])
    const silent = "用户@example.com @Component。 （@scope/pkg） «@types/node@22.1» @param，@media、"
    assert.deepStrictEqual(fileLike(silent), [])
  })
})

/** Everything that Unicode calls punctuation, but ASCII's, and what joins words. */
const punctuation = Array.from({ length: 0x1_1000 }, (_, code) => code)
  .filter((code) => code > 127 && (code < 0xd800 || code > 0xdfff))
  .map((code) => String.fromCodePoint(code))
  .filter((char) => /\p{P}/u.test(char))
const Mark = Schema.Literals(punctuation)

it.effect.prop("a path is meant whatever punctuation stands around it", [Mark, Mark, Mark], ([before, after, more]) =>
  Effect.sync(() => {
    for (const text of [`${before}@docs/a.md${after}`, `see ${before}@docs/a.md${after}${more} and`]) {
      const all = Array.from(mentions(text)).flatMap(({ meant }) => meant.map(({ path }) => path))
      assert.include(all, "docs/a.md", text)
    }
  })
)

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

it("takes time proportional to the length of the text", () => {
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
    " @" + "é".repeat(2000),
    "、@",
    "看@a。",
    " @" + "、".repeat(4000),
    " @" + "a、".repeat(2000)
  ]
  for (const piece of evil) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length))
    let best = Infinity
    for (let i = 0; i < 8; i++) {
      const started = performance.now()
      // Each of them, as the caller may not stop.
      for (const { path } of mentions(`${text}${i}`)) assert.notStrictEqual(path, "")
      best = Math.min(best, performance.now() - started)
    }

    assert.isBelow(best, 100, piece.slice(0, 20))
  }
})
