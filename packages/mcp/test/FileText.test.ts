import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  type LineRange,
  looksBinary,
  makeReader,
  readLines,
  readSmallText,
  textReader
} from "../src/builtin/FileText.ts"
import { directory } from "./support.ts"

const opened = (content: string | Uint8Array) =>
  Effect.gen(function* () {
    const path = join(yield* directory, "file")
    fs.writeFileSync(path, content)
    return yield* Effect.acquireRelease(
      Effect.promise(() => fs.promises.open(path)),
      (handle) => Effect.promise(() => handle.close())
    )
  })

const all = { offset: 1, limit: 100, maxBytes: 1000, scanBytes: 10_000_000 }
const lines = (content: string | Uint8Array, range: Partial<LineRange> = {}) =>
  Effect.scoped(Effect.flatMap(opened(content), (handle) => readLines(makeReader(handle), { ...all, ...range })))
const small = (content: string | Uint8Array, maxBytes: number) =>
  Effect.scoped(Effect.flatMap(opened(content), (handle) => readSmallText(handle, maxBytes)))

const none = { text: "", count: 0, more: false }
const chunk = 64 * 1024

describe("lines of a file", () => {
  it.live("are the requested whole lines, with an indication whether more follow", () =>
    Effect.gen(function* () {
      const text = "one\ntwo\nthree\n"
      assert.deepStrictEqual(yield* lines(text), { ...none, text, count: 3 })
      assert.deepStrictEqual(yield* lines(text, { offset: 2 }), { ...none, text: "two\nthree\n", count: 2 })
      assert.deepStrictEqual(yield* lines(text, { limit: 3 }), { ...none, text, count: 3 })
      assert.deepStrictEqual(yield* lines(text, { limit: 2 }), { ...none, text: "one\ntwo\n", count: 2, more: true })
      assert.deepStrictEqual(yield* lines(text, { offset: 3, limit: 1 }), { ...none, text: "three\n", count: 1 })
      assert.deepStrictEqual(yield* lines(text, { offset: 4 }), none)
      assert.deepStrictEqual(yield* lines(""), none)
      assert.deepStrictEqual(yield* lines("a\n\nb"), { ...none, text: "a\n\nb", count: 3 })
    })
  )

  it.live("fit into the byte limit; of a single longer line only the beginning is returned", () =>
    Effect.gen(function* () {
      const text = "one\ntwo\nthree\n"
      assert.deepStrictEqual(yield* lines(text, { maxBytes: 14 }), { ...none, text, count: 3 })
      for (const maxBytes of [8, 13])
        assert.deepStrictEqual(yield* lines(text, { maxBytes }), { ...none, text: "one\ntwo\n", count: 2, more: true })
      assert.deepStrictEqual(yield* lines(text, { maxBytes: 3 }), {
        text: "one",
        count: 1,
        more: true,
        nextColumn: 4
      })
      assert.deepStrictEqual(yield* lines(text, { offset: 3, maxBytes: 2 }), {
        text: "th",
        count: 1,
        more: true,
        nextColumn: 3
      })
    })
  )

  it.live("may cross the chunks in which a file is read, up to the scan limit", () =>
    Effect.gen(function* () {
      const before = `${"x".repeat(chunk - 4)}\n`
      const text = `${before}across\nlast\n`
      assert.deepStrictEqual(yield* lines(text, { offset: 2, limit: 1 }), {
        ...none,
        text: "across\n",
        count: 1,
        more: true
      })
      assert.deepStrictEqual(yield* lines(text, { offset: 3 }), { ...none, text: "last\n", count: 1 })
      const refused = yield* Effect.flip(lines(text, { offset: 3, scanBytes: chunk }))
      assert.strictEqual(refused.problem, "Line 3 is too far into a very large file.")
      const cut = yield* lines("line\n".repeat(chunk), { maxBytes: 10 * chunk, limit: 10 * chunk, scanBytes: chunk })
      assert.deepInclude(cut, { more: true, scannedAll: true, count: Math.floor(chunk / 5) })
    })
  )

  it.live("that are too long are read on at a column, without a gap, an overlap or half a character", () =>
    Effect.gen(function* () {
      const line = "aé😀€".repeat(200)
      for (const maxBytes of [7, 64, 1000]) {
        let [column, read] = [1, ""]
        for (let calls = 0; calls < 1000 && read.length < line.length; calls++) {
          const part = yield* lines(`first\n${line}\nlast\n`, { offset: 2, limit: 1, column, maxBytes })
          assert.isTrue(part?.text.isWellFormed())
          read += part?.text.replace(/\n$/, "") ?? ""
          column = part?.nextColumn ?? column
        }
        assert.strictEqual(read, line)
      }
      const rest = yield* lines("first\nsecond\nlast\n", { offset: 2, column: 4 })
      assert.deepStrictEqual(rest, { ...none, text: "ond\nlast\n", count: 2 })
      const end = yield* lines("first\nsecond", { offset: 2, column: 7 })
      assert.deepStrictEqual(end, none)
      for (const text of ["first\nsecond\nlast\n", "first\nsecond"]) {
        const refused = yield* Effect.flip(lines(text, { offset: 2, column: 9 }))
        assert.strictEqual(refused.problem, "Line 2 ends at column 6.")
      }
    })
  )

  it.live("are decoded as UTF-16 if the file has its byte order mark, across chunks, too", () =>
    Effect.gen(function* () {
      const text = "é😀x\n".repeat(30_000)
      const little = Buffer.from(`\uFEFF${text}`, "utf16le")
      for (const bytes of [little, Buffer.from(little).swap16()]) {
        const read = yield* lines(bytes, { offset: 29_999, limit: 5 })
        assert.deepStrictEqual(read, { ...none, text: "é😀x\n".repeat(2), count: 2 })
        assert.isFalse(looksBinary(bytes))
        assert.strictEqual(yield* small(bytes, 1_000_000), text)
      }
      // Without the mark, half of its bytes are NUL.
      assert.isUndefined(yield* lines(Buffer.from("text", "utf16le")))
    })
  )

  it.live("can be those of a text in memory", () =>
    Effect.gen(function* () {
      const read = yield* readLines(textReader("one\ntwo\n"), { ...all, offset: 2 })
      assert.deepStrictEqual(read, { ...none, text: "two\n", count: 1 })
    })
  )

  it.live("are not returned for a file with a NUL near its beginning", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* lines(new Uint8Array([97, 10, 0])))
      assert.isTrue(looksBinary(new Uint8Array(8192).fill(97, 0, 8191)))
      assert.isFalse(looksBinary(new Uint8Array(9000).fill(97, 0, 8192)))
      const late = yield* lines(`${"a\n".repeat(chunk)}\0`, { offset: chunk + 1 })
      assert.deepStrictEqual(late, { ...none, text: "\0", count: 1 })
    })
  )
})

describe("a small file", () => {
  it.live("is read completely up to and including its size limit", () =>
    Effect.gen(function* () {
      const text = "é\n".repeat(50_000)
      assert.strictEqual(yield* small(text, 150_000), text)
      assert.isUndefined(yield* small(text, 149_999))
      assert.strictEqual(yield* small("", 0), "")
      assert.isUndefined(yield* small("a\0", 10))
    })
  )
})
