import { type Accepts, type Attachment, FilesManager } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { put, temporary } from "./support.ts"

const attach = (root: string, text: string, accepts: Accepts = {}) =>
  Effect.flatMap(FilesManager, (files) => files.attach?.(text, accepts) ?? Effect.succeed([])).pipe(
    Effect.provide(Files.layer({ root }), { local: true })
  )

/** What came of each path: its text, its media type, or the reason why nothing did. */
const outcome = (attachment: Attachment): readonly [string, string] => {
  switch (attachment._tag) {
    case "File":
      return [attachment.file.path, attachment.file.text]
    case "Media":
      return [attachment.path, `${attachment.block._tag} ${attachment.block.mediaType}`]
    case "NotAttached":
      return [attachment.path, `✗ ${attachment.reason}`]
    case "Resource":
      return [attachment.uri, "no file"]
  }
}
const outcomes = (attachments: ReadonlyArray<Attachment>) => Object.fromEntries(attachments.map(outcome))
const attached = (root: string, text: string, accepts?: Accepts) => Effect.map(attach(root, text, accepts), outcomes)

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")
const jpeg = Buffer.from("ffd8ffe000104a464946000101000001", "hex")
const gif = Buffer.from("GIF89a\x01\x00\x01\x00\x00\x00\x00;", "latin1")
const webp = Buffer.from("RIFF\x1a\x00\x00\x00WEBPVP8L", "latin1")
const pdf = Buffer.from("%PDF-1.7\n%âãÏÓ\n", "latin1")
const all = { "image/png": 100, "image/jpeg": 100, "image/gif": 100, "image/webp": 100, "application/pdf": 100 }

describe("a mention", () => {
  it.effect("of a text file attaches it, even if it is ignored, with the reason", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, ".gitignore", "*")
      for (const name of ["a.md", "docs/b c.md", "é😀.md", "Makefile", "why?", "docs/x.ts."]) put(root, name, name)
      const text =
        'Look at @a.md, @./a.md @"docs/b c.md" (@é😀.md) @Makefile! @why? @docs/x.ts.; a@b.md @nobody @scope/pkg'
      const expected = ["a.md", "docs/b c.md", "é😀.md", "Makefile", "why?", "docs/x.ts."].map((path): Attachment => ({
        _tag: "File",
        file: { path, text: path, why: "mentioned in the message" }
      }))
      assert.deepStrictEqual(yield* attach(root, text), expected)
      assert.deepStrictEqual(yield* attach(root, "Nothing @here or @there/too."), [])
    })
  )

  it.effect("of a file that is missing or refused is reported", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const root = `${directory}/ws`
      put(directory, "ws-evil/a.md", "SECRET")
      put(root, "in/a.md", "a")
      fs.symlinkSync("../ws-evil", `${root}/evil`)
      fs.symlinkSync("../ws-evil/a.md", `${root}/evil.md`)
      fs.symlinkSync("nowhere", `${root}/gone`)
      execFileSync("mkfifo", [`${root}/pipe`])
      put(root, "bin", "\0")
      put(root, "large", "x".repeat(256 * 1024 + 1))
      const text =
        `@src/nope.ts @./x @../ws-evil/a.md @${root}/in/a.md @~/a.md @file:///etc/passwd @C:\\a @in/a\0.md ` +
        "@evil/a.md @evil.md @evil/ @gone @pipe @bin @large @in/a.md/b.md"
      const missing = "✗ there is no such file"
      const outside = "✗ leads out of the workspace"
      const absolute = "✗ refused: absolute paths are not allowed"
      assert.deepStrictEqual(yield* attached(root, text), {
        "src/nope.ts": missing,
        "./x": missing,
        "../ws-evil/a.md": outside,
        "in/a.md": "a",
        "~/a.md": "✗ refused: `~` is not expanded; a name that begins with it is written `./~…`",
        "file:///etc/passwd": "✗ refused: it is an address, not a path",
        "C:\\a": absolute,
        "in/a\0.md": "✗ refused: it contains a NUL character",
        "evil/a.md": outside,
        "evil.md": outside,
        evil: outside,
        gone: missing,
        pipe: "✗ is a named pipe, not a regular file",
        bin: "✗ is binary",
        large:
          "✗ is larger than 262144 bytes (it has 262145); to attach some of its lines, append for example `#L1-200` to the path",
        "in/a.md/b.md": missing
      })
      assert.deepStrictEqual(yield* attached(`${directory}/nowhere`, "@a.md @someone"), {
        "a.md": "✗ the workspace: does not exist"
      })
    })
  )

  it.effect("of lines attaches only these lines, with the range in the name", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "a.ts", "one\ntwo\r\nthree")
      put(root, "b#L1", "a name")
      put(root, "large", "0123456789abcdef\n".repeat(20_000))
      const text =
        "@a.ts#L2-3 @a.ts#L2 @a.ts#L3-9 @a.ts#L4 @a.ts#L3-2 @a.ts#L0 @b#L1 @large#L20000 @large#L1-20000 @x#L1"
      const counted = "✗ lines are counted from 1, and the last line must not be before the first"
      const found = yield* attach(root, text)
      assert.deepStrictEqual(outcomes(found), {
        "a.ts#L2-3": "two\r\nthree",
        "a.ts#L2": "two\r\n",
        "a.ts#L3": "three",
        "a.ts#L4-4": "✗ it has no line 4: it has 3 lines",
        "a.ts#L3-2": counted,
        "a.ts#L0-0": counted,
        "b#L1": "a name",
        "large#L20000": "0123456789abcdef\n",
        "large#L1-20000": "✗ these lines are larger than 262144 bytes",
        x: "✗ there is no such file"
      })
      const whys = found.flatMap((one) => (one._tag === "File" ? [one.file.why] : []))
      assert.deepStrictEqual(whys.slice(0, 3), [
        "lines 2 to 3 of 3, mentioned in the message",
        "line 2 of 3, mentioned in the message",
        "line 3 of 3, mentioned in the message"
      ])
    })
  )

  it.effect("of a directory attaches a list of its entries", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["b.md", "a/x.md", "Z", "line\nend"]) put(root, `d/${name}`, name)
      for (let i = 0; i < 1003; i++) put(root, `many/${String(i).padStart(4, "0")}`, "")
      const found = yield* attach(root, "@d/ and @d, @many and @d#L1")
      assert.deepStrictEqual(found[0], {
        _tag: "File",
        file: {
          path: "d/",
          text: 'Z\na/\nb.md\n"line\\u{a}end"',
          why: "what is in the directory, mentioned in the message"
        }
      })
      const lines = (outcomes(found)["many/"] ?? "").split("\n")
      assert.deepStrictEqual([lines.length, ...lines.slice(-2)], [1001, "0999", "… and 3 more"])
      assert.deepStrictEqual(outcomes(found)["d#L1-1"], "✗ is a directory")
      assert.strictEqual(found.length, 3)
    })
  )
})

describe("images and documents", () => {
  it.effect("are recognised by their bytes, not their names", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const [name, bytes] of Object.entries({ "a.png": png, "b.txt": jpeg, c: gif, "d.gif": webp, "e.md": pdf }))
        put(root, name, bytes)
      put(root, "not.png", "Just words.")
      put(root, "bad.png", Buffer.from("\x89PNX\r\n\x1a\n\0", "latin1"))
      put(root, "words.gif", "GIF89a is a format of images.")
      const found = yield* attach(root, "@a.png @b.txt @c @d.gif @e.md @not.png @bad.png @words.gif @a.png#L1", all)
      assert.deepStrictEqual(outcomes(found), {
        "a.png": "Image image/png",
        "b.txt": "Image image/jpeg",
        c: "Image image/gif",
        "d.gif": "Image image/webp",
        "e.md": "Document application/pdf",
        "not.png": "Just words.",
        "bad.png": "✗ is binary",
        "words.gif": "GIF89a is a format of images.",
        "a.png#L1-1": "✗ image/png has no lines"
      })
      assert.deepStrictEqual(found[4], {
        _tag: "Media",
        path: "e.md",
        block: { _tag: "Document", mediaType: "application/pdf", data: pdf.toString("base64"), name: "e.md" }
      })
    })
  )

  it.effect("are attached as far as the model accepts them", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "a.png", png)
      put(root, "b.pdf", pdf)
      put(root, "huge.png", png)
      fs.truncateSync(`${root}/huge.png`, 2 ** 40)
      const text = "@a.png @b.pdf @huge.png"
      const took = (accepts: Accepts) => Effect.map(attached(root, text, accepts), (found) => Object.values(found))
      const huge = "✗ it has 1099511627776 bytes, but the model accepts at most"
      assert.deepStrictEqual(yield* took({ "image/png": 16 }), [
        "Image image/png",
        "✗ the model does not accept application/pdf",
        `${huge} 16 bytes of image/png`
      ])
      assert.deepStrictEqual(yield* took({ "image/png": 15, "application/pdf": 100 }), [
        "✗ it has 16 bytes, but the model accepts at most 15 bytes of image/png",
        "Document application/pdf",
        `${huge} 15 bytes of image/png`
      ])
      assert.deepStrictEqual((yield* took({}))[0], "✗ the model does not accept image/png")
    })
  )
})

describe("the mentions of a message are bounded", () => {
  it.effect("in number", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const names = Array.from({ length: 25 }, (_, i) => `${i}.md`)
      for (const name of names) put(root, name, name)
      const found = yield* attach(root, names.map((name) => `@${name}`).join(" "))
      assert.strictEqual(found.length, 21)
      assert.deepStrictEqual(
        outcomes(found.slice(0, 20)),
        Object.fromEntries(names.slice(0, 20).map((name) => [name, name]))
      )
      assert.deepStrictEqual(found.slice(20).map(outcome), [
        ["…", "✗ a message may mention 20 files among 200 words with an @; 5 more are not attached"]
      ])
      // Words that are no files are looked for as well, so they count too.
      const words = Array.from({ length: 200 }, (_, i) => `@word${i}`).join(" ")
      assert.deepStrictEqual(yield* attach(root, words), [])
      assert.strictEqual((yield* attach(root, `${words} @1.md`)).map(outcome)[0]?.[0], "…")
    })
  )

  it.effect("in total size", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const six = 6 * 1024 * 1024
      for (const name of ["a", "b", "c", "d"]) {
        put(root, name, png)
        fs.truncateSync(`${root}/${name}`, six)
      }
      put(root, "small.md", "small")
      assert.deepStrictEqual(yield* attached(root, "@a @b @c @d @small.md", { "image/png": six }), {
        a: "Image image/png",
        b: "Image image/png",
        c: "Image image/png",
        d: "✗ the files that the message mentions are too large together",
        "small.md": "small"
      })
    })
  )
})
