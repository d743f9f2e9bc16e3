import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type LineRange, looksBinary, readLines, readSmallText } from "../src/internal/FileText.ts"
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
  Effect.scoped(Effect.flatMap(opened(content), (handle) => readLines(handle, { ...all, ...range })))
const small = (content: string | Uint8Array, maxBytes: number) =>
  Effect.scoped(Effect.flatMap(opened(content), (handle) => readSmallText(handle, maxBytes)))

const none = { text: "", count: 0, more: false, cutLine: false }
const chunk = 64 * 1024

describe("lines of a file", () => {
  it.live("are those that are asked for, whole, and it is said whether more follow", () =>
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

  it.live("take no more bytes than there is room for, and of a line alone its beginning", () =>
    Effect.gen(function* () {
      const text = "one\ntwo\nthree\n"
      assert.deepStrictEqual(yield* lines(text, { maxBytes: 14 }), { ...none, text, count: 3 })
      for (const maxBytes of [8, 13])
        assert.deepStrictEqual(yield* lines(text, { maxBytes }), { ...none, text: "one\ntwo\n", count: 2, more: true })
      assert.deepStrictEqual(yield* lines(text, { maxBytes: 3 }), {
        text: "one",
        count: 1,
        more: true,
        cutLine: true
      })
      assert.deepStrictEqual(yield* lines(text, { offset: 3, maxBytes: 2 }), {
        text: "th",
        count: 1,
        more: true,
        cutLine: true
      })
    })
  )

  it.live("may stand anywhere in the pieces in which a file is read, as far as it may be read", () =>
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
      assert.deepInclude(cut, { more: true, cutLine: false, count: Math.floor(chunk / 5) })
    })
  )

  it.live("are none of a file with a NUL near its beginning", () =>
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
  it.live("is read whole up to its bound, which it may reach", () =>
    Effect.gen(function* () {
      const text = "é\n".repeat(50_000)
      assert.strictEqual(yield* small(text, 150_000), text)
      assert.isUndefined(yield* small(text, 149_999))
      assert.strictEqual(yield* small("", 0), "")
      assert.isUndefined(yield* small("a\0", 10))
    })
  )
})
