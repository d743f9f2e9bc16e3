import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import * as Remove from "../src/disk/Remove.ts"
import * as FileContent from "../src/disk/FileContent.ts"
import { fromCause, isMissing } from "../src/disk/Unreadable.ts"
import { put, temporary } from "./support.ts"

const said = (bytes: Uint8Array) => {
  const text = FileContent.decode(bytes)
  return text._tag === "Success" ? { text: text.success } : text.failure
}
const utf16be = (text: string) => Buffer.from(text, "utf16le").swap16()

describe("the text of a file", () => {
  it("is UTF-8, or the encoding of its byte order mark, which is removed", () => {
    for (const bytes of [
      Buffer.from("é\r\n"),
      Buffer.from("\uFEFFé\r\n"),
      Buffer.from("\uFEFFé\r\n", "utf16le"),
      utf16be("\uFEFFé\r\n")
    ])
      assert.deepStrictEqual(said(bytes), { text: "é\r\n" })
    assert.deepStrictEqual(said(new Uint8Array()), { text: "" })
    assert.deepStrictEqual(said(Buffer.from([0xff])), "is not valid UTF-8 text")
  })

  it("is refused in any other encoding", () => {
    assert.strictEqual(said(Buffer.from("é", "latin1")), "is not valid UTF-8 text")
    assert.strictEqual(said(Buffer.from([0xff, 0xfe, 0x61])), "is not valid UTF-16LE text")
    assert.strictEqual(said(Buffer.from([0xfe, 0xff, 0xd8, 0x00])), "is not valid UTF-16BE text")
  })

  it("contains no NUL, in any encoding", () => {
    for (const bytes of [Buffer.from("a\0"), Buffer.from("\uFEFFa\0b", "utf16le"), utf16be("\uFEFF\0")])
      assert.strictEqual(said(bytes), "is binary")
    // What is no text at all is binary before anything else.
    assert.strictEqual(said(Buffer.from([0xc3, 0x28, 0x00])), "is binary")
  })

  it("keeps its byte order mark when it is edited", () => {
    const kept = FileContent.utf8(Buffer.from("\uFEFF{}"))
    assert.strictEqual(kept._tag === "Success" ? kept.success : "", "\uFEFF{}")
    assert.strictEqual(FileContent.utf8(Buffer.from("é", "latin1"))._tag, "Failure")
  })
})

it("the reason why something cannot be read is a message, or else the error code", () => {
  const told = (code: unknown) => {
    const { code: found, message } = fromCause(Object.assign(new Error("x"), { code }))
    return [found, message, isMissing(fromCause({ code }))]
  }
  for (const [code, words, missing] of [
    ["ENOENT", "does not exist", true],
    ["ENOTDIR", "does not exist: a part of its path is not a directory", true],
    ["EACCES", "permission denied", false],
    ["EPERM", "permission denied", false],
    ["ELOOP", "its symbolic links form a loop", false],
    ["EISDIR", "is a directory", false],
    ["ENOSPC", "the disk is full", false],
    ["EROFS", "the file system is read-only", false],
    ["EIO", "cannot be accessed (EIO)", false]
  ] as const)
    assert.deepStrictEqual(told(code), [code, words, missing])
  assert.deepStrictEqual(told(7), ["UNKNOWN", "cannot be accessed (UNKNOWN)", false])
  assert.strictEqual(fromCause("text").code, "UNKNOWN")
})

describe("a removed file", () => {
  it.effect("is reported to have existed or not", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const file = put(root, "a.json", "{}")
      assert.isTrue(yield* Remove.file(file))
      assert.isFalse(yield* Remove.file(file))
      assert.isFalse(yield* Remove.file(join(root, "none", "a.json")))
    })
  )

  it.effect("is the link and not its target", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const file = put(root, "theirs", "{}")
      fs.mkdirSync(join(root, "ours"))
      fs.symlinkSync(file, join(root, "ours/link"))
      assert.strictEqual(yield* Remove.filesIn(join(root, "ours")), 1)
      assert.isTrue(fs.existsSync(file))
    })
  )

  it.effect("is counted; anything but a plain file is an error", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a", "b", "c"]) put(root, `all/${name}`, "x")
      assert.strictEqual(yield* Remove.filesIn(join(root, "all")), 3)
      assert.deepStrictEqual(fs.readdirSync(join(root, "all")), [])
      assert.strictEqual(yield* Remove.filesIn(join(root, "all")), 0)
      assert.strictEqual(yield* Remove.filesIn(join(root, "none")), 0)
      put(root, "all/inner/file", "x")
      assert.isString((yield* Effect.flip(Remove.filesIn(join(root, "all")))).code)
      assert.isTrue(fs.existsSync(join(root, "all/inner/file")))
    })
  )
})
