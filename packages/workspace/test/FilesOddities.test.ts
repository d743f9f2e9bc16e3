import { assert, it } from "@effect/vitest"
import { IgnoreFiles } from "@parley/os/IgnoreFiles"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { Unreadable } from "../src/disk/Unreadable.ts"
import { Walk } from "../src/files/Walk.ts"
import { configure, put, reasons, temporary, texts } from "./support.ts"

it.effect("F05: files with unusual names can be read by these names", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const names = [
      "😀.md",
      "new\nline.md",
      "\u001b[31mred.md",
      "-rf.md",
      "caf\u00e9.md",
      "cafe\u0301.md",
      "\u202egnp.md",
      " space .md",
      "back\\slash.md",
      "quote\"'.md",
      `${"x".repeat(252)}.md`
    ]
    for (const name of names) put(root, name, `text of ${name}`)
    const expected = Object.fromEntries(names.map((name) => [name, `text of ${name}`]))
    configure(root, names)
    assert.deepStrictEqual(texts(yield* Files.read(root)), expected)
    configure(root, ["*.md"])
    assert.deepStrictEqual(texts(yield* Files.read(root)), expected)
    fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff]), Buffer.from(".md")]), "x")
    const set = yield* Files.read(root)
    assert.deepStrictEqual(texts(set), expected)
    assert.deepStrictEqual(reasons(set), { "bad\uFFFD.md": "its name is not valid UTF-8" })
    configure(root, ["x".repeat(300)])
    assert.deepStrictEqual(Object.values(reasons(yield* Files.read(root))), ["its name is too long"])
  })
)

it.live("F06: the search is bounded in entries, files and depth", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    for (let i = 0; i < 1005; i++) put(root, `many/${String(i).padStart(4, "0")}.md`, "x")
    put(root, `deep${"/d".repeat(40)}/x.md`, "x")
    configure(root, ["many/*.md", "deep/**/*.md", "deep/*/**/*.md"])
    const set = yield* Files.read(root)
    assert.strictEqual(set.files.length, 1000)
    assert.deepStrictEqual(reasons(set), {
      "deep/**/*.md": "not all of the workspace was searched: it is more than 32 directories deep",
      ...Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`many/100${i}.md`, "more than 1000 files"]))
    })
    // The limit of entries counts over directories, and a single one is not read further than that.
    for (let i = 0; i < 60; i++) put(root, `wide/${i % 3}/${i}.md`, "x")
    const search = (entries: number) =>
      Effect.gen(function* () {
        const limits = { entries, depth: 32, millis: 60_000 }
        const load = () => Effect.fail(new Unreadable({ code: "ENOENT", problem: "does not exist" }))
        const ignoreFiles = new IgnoreFiles({ load })
        const walk = new Walk({ root, limits, ignoreFiles, excludes: () => false, deadline: Infinity })
        const found = yield* walk.find("wide/**/*.md")
        return [walk.seen, [...walk.hit], found.paths.length] as const
      })
    for (const [limit, whole] of [
      [1, 0],
      [22, 0],
      [23, 20],
      [62, 40]
    ] as const) {
      const hit = [`it has more than ${limit} entries`]
      assert.deepStrictEqual(yield* search(limit), [limit, hit, whole])
    }
    assert.deepStrictEqual(yield* search(63), [63, [], 60])
  })
)

it.effect("F08: text is decoded by its byte order mark, and otherwise must be UTF-8", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const text = "é😀\r\nlast"
    const utf16 = Buffer.from(`\uFEFF${text}`, "utf16le")
    put(root, "utf8", text)
    put(root, "bom", `\uFEFF${text}`)
    put(root, "utf16le", utf16)
    put(root, "utf16be", Buffer.from(utf16).swap16())
    put(root, "latin1", Buffer.from("caf\u00e9", "latin1"))
    put(root, "mixed", Buffer.concat([Buffer.from("é"), Buffer.from([0xe9])]))
    put(root, "unmarked16", Buffer.from(text, "utf16le"))
    put(root, "odd16", Buffer.concat([utf16, Buffer.from([0x41])]))
    put(root, "utf32", Buffer.from([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]))
    put(root, "empty", "")
    configure(root, ["*"])
    const set = yield* Files.read(root)
    assert.deepStrictEqual(texts(set), { bom: text, empty: "", utf16be: text, utf16le: text, utf8: text })
    assert.deepStrictEqual(reasons(set), {
      latin1: "is not valid UTF-8 text",
      mixed: "is not valid UTF-8 text",
      odd16: "is not valid UTF-16LE text",
      unmarked16: "is binary",
      utf32: "is binary"
    })
  })
)
