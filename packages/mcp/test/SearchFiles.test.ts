import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import * as ReadBarrier from "@parley/os/ReadBarrier"
import { searchFiles, type SearchPlace, type SearchRequest } from "../src/builtin/SearchFiles.ts"
import { ripgrepFiles, type RipgrepSearch } from "../src/builtin/Ripgrep.ts"
import { searchPattern } from "../src/builtin/SearchPattern.ts"
import { directory } from "./support.ts"

type Files = { readonly [path: string]: string | Uint8Array }

const write = (root: string, files: Files) => {
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(join(root, path, ".."), { recursive: true })
    fs.writeFileSync(join(root, path), content)
  }
}

/** Ignores these names in every directory. */
const ignoring = (...names: ReadonlyArray<string>): IgnoreRules => ({
  begin: Effect.succeed({
    within: () => Effect.succeed((name) => names.includes(name)),
    unreadable: () => [{ path: "a/.gitignore", reason: "permission denied" }]
  })
})

const search = (place: SearchPlace, request: SearchRequest) => ReadBarrier.make().project(searchFiles(place, request))

/** Searches with ripgrep and without. The answers must be the same. */
const both = (place: SearchPlace, request: SearchRequest) =>
  Effect.gen(function* () {
    const own = yield* search({ ...place, ripgrep: "never" }, request)
    assert.deepStrictEqual(yield* search({ ...place, ripgrep: "always" }, request), own, request.query)
    return own
  })

const world = (files: Files) =>
  Effect.gen(function* () {
    const root = yield* directory
    write(root, files)
    return root
  })

describe("ripgrep", () => {
  it.live("is used for what it understands, and finds no fewer files", () =>
    Effect.gen(function* () {
      const root = yield* world({ "a.txt": "one two", "b c/[x].txt": "one", "out/d.txt": "one", ".git/e": "one" })
      const found = (query: string, regex: boolean, more: Partial<RipgrepSearch> = {}) =>
        Effect.flatMap(searchPattern(query, { regex }), (pattern) =>
          ripgrepFiles(pattern, { directory: root, leftOut: ["out"], millis: 10_000, ...more })
        )
      assert.deepStrictEqual(yield* found("one", false), new Set(["a.txt", "b c/[x].txt"]))
      assert.deepStrictEqual(yield* found("[o]n\\w(?: two)?$", true), new Set(["a.txt", "b c/[x].txt"]))
      assert.deepStrictEqual(yield* found("three", false), new Set())
      const special = yield* found("one", false, { leftOut: ["b c/[x].txt"] })
      assert.deepStrictEqual(special, new Set(["a.txt", "out/d.txt"]))
      // What only JavaScript understands, a directory that is gone: nothing is known then.
      assert.isUndefined(yield* found("one(?= two)", true))
      assert.isUndefined(yield* found("one", false, { directory: join(root, "gone") }))
    })
  )
})

describe.concurrent("a search", () => {
  it.live("finds the same lines with ripgrep and without, nearest first", () =>
    Effect.gen(function* () {
      const root = yield* world({
        "b.txt": "a.*b\r\nnothing\r\nxx a.*b yy\r\n",
        "a/one.txt": "acb a.*b",
        "a/-n [id] {x}!.txt": "a.*b",
        ".hidden/two.txt": "\uFEFFa.*b and more\n",
        "utf16.txt": Buffer.from("\uFEFFnone\né a.*b\n", "utf16le"),
        "latin1.txt": Buffer.from("caf\xe9 a.*b\n", "latin1"),
        "node_modules/m.js": "a.*b",
        ".git/config": "a.*b",
        "binary.bin": new Uint8Array([97, 46, 42, 98, 0]),
        "long.txt": `${"-".repeat(5000)}a.*b`
      })
      const { note, text } = yield* both({ root }, { query: "a.*b" })
      assert.deepStrictEqual(text.split("\n"), [
        "b.txt:1: a.*b",
        "b.txt:3: xx a.*b yy",
        "latin1.txt:1: caf\uFFFD a.*b",
        `long.txt:1: ${"-".repeat(196)}a.*b`,
        "utf16.txt:2: é a.*b",
        ".hidden/two.txt:1: a.*b and more",
        "a/-n [id] {x}!.txt:1: a.*b",
        "a/one.txt:1: acb a.*b"
      ])
      assert.strictEqual(note, "Not searched, because binary: binary.bin. Not entered: .git/, node_modules/.")
      const folded = yield* both({ root }, { query: "A.*B AND", ignoreCase: true })
      assert.strictEqual(folded.text, ".hidden/two.txt:1: a.*b and more")
      for (const [query, lines] of [
        [String.raw`^a\.\*b$`, ["b.txt:1: a.*b", "a/-n [id] {x}!.txt:1: a.*b"]],
        [String.raw`^a\.\*b and`, [".hidden/two.txt:1: a.*b and more"]],
        [String.raw`caf.\s`, ["latin1.txt:1: caf\uFFFD a.*b"]],
        [String.raw`caf[^x] `, ["latin1.txt:1: caf\uFFFD a.*b"]],
        [String.raw`\b[[]?acb(?=\s)`, ["a/one.txt:1: acb a.*b"]],
        [String.raw`^(?<a>.)cb \1`, ["a/one.txt:1: acb a.*b"]],
        [String.raw`x\ a\.`, ["b.txt:3: xx a.*b yy"]],
        ["^$", []]
      ] as const) {
        const found = yield* both({ root }, { query, regex: true })
        assert.deepStrictEqual(
          found.text.split("\n").filter((line) => line !== ""),
          [...lines],
          query
        )
      }
    })
  )

  it.live("finds the same for generated expressions and texts", () =>
    Effect.gen(function* () {
      let seed = 7
      const one = <A>(all: ReadonlyArray<A>): A => {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        const chosen = all[(seed >> 8) % all.length]
        return chosen === undefined ? assert.fail("nothing to choose from") : chosen
      }
      const many = (most: number, of: () => string) =>
        Array.from({ length: 1 + (one([0, 1, 2, 3, 4, 5, 6, 7]) % most) }, of).join("")
      const letters = [
        "a",
        "b",
        "A",
        "é",
        "É",
        "ſ",
        "K",
        "k",
        "s",
        "_",
        "1",
        " ",
        "\t",
        "-",
        "]",
        "{",
        ".",
        "\r",
        "\u2028",
        "😀",
        "\uFFFD"
      ]
      const texts = Array.from({ length: 60 }, (_, i) => [
        `t${i}.txt`,
        Buffer.concat([
          Buffer.from(many(8, () => many(6, () => one(letters)) + one(["\n", "\r\n", ""]))),
          Buffer.from(one([[], [0xe9, 0x61, 10], [0xff], [0xf0, 0x9f]]))
        ])
      ])
      const root = yield* world(Object.fromEntries(texts))
      const atoms = [
        "a",
        "b",
        "é",
        "É",
        "s",
        "K",
        ".",
        "\\w",
        "\\W",
        "\\d",
        "\\s",
        "\\S",
        "\\b",
        "^",
        "$",
        "[ab]",
        "[^a]"
      ].concat([
        "[^é-ö]",
        "[\\w-]",
        "[a\\]-]",
        "\\-",
        "\\.",
        "(a|b)",
        "(?:É|1)",
        "(?=a)",
        "(?<!b)",
        "\\u{61}",
        "\\{",
        "😀"
      ])
      const expression = () =>
        many(4, () => one(atoms) + one(["", "", "", "*", "+?", "?", "{1,2}"])).replace(
          /([\^$b)])[*+?{][^a-z]*\??/g,
          "$1"
        )
      let compared = 0
      for (let i = 0; i < 60; i++) {
        const request = { query: expression(), regex: true, ignoreCase: i % 2 === 0 }
        const own = yield* Effect.result(search({ root, ripgrep: "never" }, request))
        if (own._tag === "Failure") continue
        compared += own.success.text === "" ? 0 : 1
        assert.deepStrictEqual(yield* search({ root, ripgrep: "always" }, request), own.success, request.query)
      }
      assert.isAbove(compared, 15)
    })
  )

  it.live("is shown page by page, each match once, with the number of all", () =>
    Effect.gen(function* () {
      const root = yield* world({ "a.txt": "hit\n".repeat(150), "b/c.txt": "hit\nmiss\n".repeat(100) })
      const first = yield* both({ root }, { query: "hit" })
      assert.lengthOf(first.text.split("\n"), 200)
      assert.strictEqual(first.note, "These are matches 1 to 200 of 250 in 2 files. Go on with offset 201.")
      const second = yield* both({ root }, { query: "hit", offset: 201 })
      assert.strictEqual(new Set([...first.text.split("\n"), ...second.text.split("\n")]).size, 250)
      assert.strictEqual(second.note, "These are matches 201 to 250 of 250 in 2 files.")
      const none = yield* both({ root }, { query: "hit", offset: 251 })
      assert.deepStrictEqual(none, { text: "", note: "There are only 250 matches." })
      const short = yield* both({ root }, { query: "hit", limit: 1, offset: 150 })
      assert.strictEqual(short.text, "a.txt:150: hit")
      const files = yield* both({ root }, { query: "hit", filesOnly: true })
      assert.deepStrictEqual(files, { text: "a.txt: 150 matching lines\nb/c.txt: 100 matching lines", note: "" })
      const page = yield* both({ root }, { query: "hit", filesOnly: true, limit: 1 })
      assert.strictEqual(page.note, "These are files 1 to 1 of 2. Go on with offset 2.")
    })
  )

  it.live("ends a page before the result would be cut", () =>
    Effect.gen(function* () {
      const root = yield* world({ "a.txt": `${"x".repeat(190)}\n`.repeat(900) })
      let next = 1
      for (let pages = 0; pages < 9 && next < 901; pages++) {
        const { note, text } = yield* search({ root }, { query: "x", limit: 1000, offset: next })
        assert.isBelow(Buffer.byteLength(text), 60 * 1024)
        const from = next
        next += text.split("\n").length
        assert.include(note, `These are matches ${from} to ${next - 1} of 900 in 1 files.`)
      }
      assert.strictEqual(next, 901)
    })
  )

  it.live("shows the lines around a match once, with a mark between groups", () =>
    Effect.gen(function* () {
      const root = yield* world({ "a.txt": "1\n2 hit\n3\n4 hit\n5\n6\n7\n8\n9 hit\n", "b.txt": "hit" })
      const { text } = yield* both({ root }, { query: "hit", context: 1 })
      assert.deepStrictEqual(text.split("\n"), [
        "a.txt-1- 1",
        "a.txt:2: 2 hit",
        "a.txt-3- 3",
        "a.txt:4: 4 hit",
        "a.txt-5- 5",
        "--",
        "a.txt-8- 8",
        "a.txt:9: 9 hit",
        "--",
        "b.txt:1: hit"
      ])
    })
  )

  it.live("leaves out what ignore files and globs leave out, and says so", () =>
    Effect.gen(function* () {
      const root = yield* world({
        "src/a.ts": "hit",
        "src/b.js": "hit",
        "src/log": "hit",
        "target/x.ts": "hit",
        ".github/c.ts": "hit",
        "node_modules/d.ts": "hit"
      })
      const place = { root, ignore: ignoring("target", "log") }
      const paths = (request: Omit<SearchRequest, "query">) =>
        Effect.map(both(place, { query: "hit", ...request }), ({ text }) => text.replaceAll(":1: hit", "").split("\n"))
      assert.deepStrictEqual(yield* paths({}), [".github/c.ts", "src/a.ts", "src/b.js"])
      const { note } = yield* both(place, { query: "hit" })
      assert.include(note, "Left out, because ignore files say so: target/ and 1 file (`ignored` includes them).")
      assert.include(note, "Ignore files that cannot be read: a/.gitignore.")
      assert.deepStrictEqual(yield* paths({ ignored: true }), [
        ".github/c.ts",
        "node_modules/d.ts",
        "src/a.ts",
        "src/b.js",
        "src/log",
        "target/x.ts"
      ])
      assert.deepStrictEqual(yield* paths({ hidden: false }), ["src/a.ts", "src/b.js"])
      assert.deepStrictEqual(yield* paths({ glob: "*.{js,tsx}" }), ["src/b.js"])
      assert.deepStrictEqual(yield* paths({ glob: "!*.js" }), [".github/c.ts", "src/a.ts"])
      assert.deepStrictEqual(yield* paths({ glob: "src/*.ts" }), ["src/a.ts"])
      assert.deepStrictEqual(yield* paths({ glob: "*/a.ts", path: "" }), ["src/a.ts"])
      assert.deepStrictEqual(yield* paths({ path: "src", glob: "./b*" }), ["src/b.js"])
      assert.deepStrictEqual(yield* paths({ path: "src/a.ts" }), ["src/a.ts"])
      assert.deepStrictEqual(yield* paths({ path: join(root, "src"), glob: "b*" }), ["src/b.js"])
      const refused = yield* Effect.flip(search(place, { query: "hit", glob: "{a,b}".repeat(9) }))
      assert.include(refused.problem, "too many alternatives")
    })
  )

  it.live("reads files of any size, and says where a line is too long for one piece", () =>
    Effect.gen(function* () {
      const root = yield* world({
        "large.txt": `${"0123456789\n".repeat(1_000_000)}the end`,
        "line.txt": `${"y".repeat(9_000_000)}the end`
      })
      const { note, text } = yield* both({ root }, { query: "the end" })
      assert.strictEqual(
        text,
        `large.txt:1000001: the end\nline.txt:2: ${"y".repeat(193)}the end`.replace("line.txt:2", "line.txt:1")
      )
      assert.strictEqual(note, "Lines of these are so long that they were searched in pieces: line.txt.")
    })
  )

  it.live("refuses what cannot be searched for, and expressions that take too long", () =>
    Effect.gen(function* () {
      const slow = `${"a".repeat(60)}!`
      const root = yield* world({ "1.txt": slow, "2.txt": slow, "3.txt": slow, "4.txt": "b" })
      const problem = (request: SearchRequest) =>
        Effect.map(Effect.flip(search({ root }, request)), (error) => error.problem)
      assert.match(yield* problem({ query: "(a+)+$", regex: true }), /takes too long/)
      assert.match(
        yield* problem({ query: "(a", regex: true }),
        /^\(a is not a regular expression: .*[Uu]nterminated group/
      )
      assert.match(yield* problem({ query: "a\nb" }), /holds a line end/)
      assert.match(yield* problem({ query: "x".repeat(5000) }), /longer than 4096/)
      // Where only one file is slow, the others are searched.
      fs.writeFileSync(join(root, "2.txt"), "b")
      fs.writeFileSync(join(root, "3.txt"), "aab")
      const found = yield* search({ root }, { query: "(a+)+$|b", regex: true })
      assert.strictEqual(found.text, "2.txt:1: b\n3.txt:1: aab\n4.txt:1: b")
      assert.strictEqual(found.note, "Not searched, because the expression takes too long there: 1.txt.")
    })
  )

  it.live("shows nothing that is withheld, also where ripgrep finds it", () =>
    Effect.gen(function* () {
      const base = yield* directory
      const own = join(base, "own")
      const root = join(base, "ws")
      write(base, {
        "own/login.json": "KEY",
        "outside.txt": "KEY",
        "ws/.env": "KEY",
        "ws/id": "-----BEGIN OPENSSH PRIVATE KEY-----\nKEY",
        "ws/large": `-----BEGIN OPENSSH PRIVATE KEY-----\n${"KEY\n".repeat(500_000)}`,
        "ws/a.txt": "KEY of the project"
      })
      fs.linkSync(join(own, "login.json"), join(root, "hard"))
      fs.symlinkSync("../outside.txt", join(root, "link"))
      fs.symlinkSync("../own", join(root, "directory"))
      const { project } = ReadBarrier.make({ directories: [own] })
      for (const ripgrep of ["always", "never"] as const) {
        const { note, text } = yield* project(searchFiles({ root, ripgrep }, { query: "KEY" }))
        assert.strictEqual(text, "a.txt:1: KEY of the project", ripgrep)
        assert.strictEqual(note, "Not searched, because they may hold secrets: .env.", ripgrep)
        const counts = yield* project(searchFiles({ root, ripgrep }, { query: "KEY", filesOnly: true }))
        assert.strictEqual(counts.text, "a.txt: 1 matching line", ripgrep)
        const whole = yield* project(searchFiles({ root: base, ripgrep }, { query: "KEY" }))
        assert.strictEqual(whole.text, "outside.txt:1: KEY\nws/a.txt:1: KEY of the project", ripgrep)
      }
    })
  )
})
