import { FilesManager } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as Files from "../src/files/Files.ts"
import * as SafeFile from "../src/disk/SafeFile.ts"
import { configure, json, message, put, reasons, temporary, texts } from "./support.ts"

describe("the included files", () => {
  it.effect("are none by default", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "NOTES.md", "not yet")
      assert.deepStrictEqual(yield* Files.read(root), { files: [], skipped: [] })
      put(root, ".parley/context.json", "{}")
      assert.deepStrictEqual(yield* Files.read(root), { files: [], skipped: [] })
    })
  )

  it.effect("are given by paths and patterns, each once, sorted by code unit", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["b.md", "a.md", "Z.md", "é.md", "docs/x/y.md", "docs/.hidden.md", "docs/n.txt"])
        put(root, name, name)
      for (const name of ["node_modules/m/r.md", ".git/g.md", ".cfg/c.md", "app/[id]/page.md"]) put(root, name, name)
      const paths = (include: ReadonlyArray<string>) => {
        configure(root, include)
        return Effect.map(Files.read(root), ({ files }) => files.map(({ path }) => path))
      }
      assert.deepStrictEqual(yield* paths(["**/*.md", "./b.md", "docs//n.txt"]), [
        "Z.md",
        "a.md",
        "app/[id]/page.md",
        "b.md",
        "docs/n.txt",
        "docs/x/y.md",
        "é.md"
      ])
      assert.deepStrictEqual(yield* paths(["*.md"]), ["Z.md", "a.md", "b.md", "é.md"])
      assert.deepStrictEqual(yield* paths(["docs/*"]), ["docs/n.txt"])
      assert.deepStrictEqual(yield* paths(["docs/**/*.{md,txt}"]), ["docs/n.txt", "docs/x/y.md"])
      assert.deepStrictEqual(yield* paths(["app/[id]/page.md"]), ["app/[id]/page.md"])
      assert.deepStrictEqual(yield* paths([".cfg/*", "node_modules/**"]), [".cfg/c.md", "node_modules/m/r.md"])
      assert.deepStrictEqual(yield* paths(["*/*/*.md", "[ab].md"]), ["a.md", "app/[id]/page.md", "b.md", "docs/x/y.md"])
    })
  )

  it.effect("have their current content", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      configure(root, ["a.md"])
      yield* Effect.gen(function* () {
        const manager = yield* FilesManager
        for (const text of ["one", "two", ""]) {
          put(root, "a.md", text)
          assert.deepStrictEqual(yield* manager.read, {
            files: [{ path: "a.md", text, why: "named in .parley/context.json" }],
            skipped: []
          })
        }
        fs.rmSync(`${root}/a.md`)
        assert.deepStrictEqual(reasons(yield* manager.read), { "a.md": "does not exist" })
        configure(root, ["b.md"])
        put(root, "b.md", "three")
        assert.deepStrictEqual(texts(yield* manager.read), { "b.md": "three" })
      }).pipe(Effect.provide(Files.layer({ root })))
    })
  )

  it.effect("cannot be read from an invalid project file, which is an error with line and column", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const problem = (text: string) => {
        put(root, ".parley/context.json", text)
        return Effect.map(Effect.flip(Files.read(root)), message(root))
      }
      assert.strictEqual(
        yield* problem('{ "includes": [] }'),
        '.parley/context.json:1:3: unknown key includes; did you mean "include"?'
      )
      assert.strictEqual(
        yield* problem('{ "maxFileBytes": 999999999 }'),
        ".parley/context.json:1:19: maxFileBytes: expected a number of bytes, 1 to 4194304, found 999999999"
      )
      assert.strictEqual(
        yield* problem(json({ include: Array.from({ length: 257 }, () => "a") })),
        ".parley/context.json:1:12: include: expected 256 entries at most, found a list"
      )
    })
  )
})

describe("F01: anything but a text file of limited size", () => {
  it.effect("is skipped without being opened, and reported", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "text", "text")
      put(root, "binary", "a\0b")
      put(root, "dir/f", "f")
      put(root, "sparse", "")
      // No test could wait for these to be read.
      fs.truncateSync(`${root}/sparse`, 2 ** 40)
      execFileSync("mkfifo", [`${root}/pipe`])
      const server = yield* Effect.acquireRelease(
        Effect.callback<net.Server>((resume) => {
          const server = net.createServer().listen(`${root}/socket`, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      assert.isTrue(server.listening)
      const expected = {
        binary: "is binary",
        pipe: "is a named pipe, not a regular file",
        socket: "is a socket, not a regular file",
        sparse: `is larger than 65536 tokens (it has an estimated ${2 ** 38}); maxFileTokens sets the limit`
      }
      configure(root, ["text", "binary", "dir", "sparse", "pipe", "socket"])
      const named = yield* Files.read(root)
      assert.deepStrictEqual(texts(named), { text: "text" })
      assert.deepStrictEqual(reasons(named), {
        ...expected,
        dir: "is a directory; to include its files, write `dir/**`"
      })
      configure(root, ["*"])
      assert.deepStrictEqual(reasons(yield* Files.read(root)), expected)
    })
  )

  it.effect("is refused if it is a device or a file of the kernel", () =>
    Effect.gen(function* () {
      const problem = (path: string) =>
        Effect.map(Effect.flip(SafeFile.read(path, { limit: 1000 })), ({ problem }) => problem)
      assert.strictEqual(yield* problem("/dev/zero"), "is a device, not a regular file")
      assert.strictEqual(yield* problem("/dev/tty"), "is a device, not a regular file")
      // Its size is said to be 0, so whatever it holds is not what was checked.
      if (fs.existsSync("/proc/self/status")) {
        assert.strictEqual(
          yield* problem("/proc/self/status"),
          "is generated by the system while it is read, and is not a regular file"
        )
      }
    })
  )

  it.effect("is refused if it exceeds the limit for each file or for all", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (const name of ["a", "b", "c", "d"]) put(root, name, name.repeat(40))
      put(root, "e", "e".repeat(51))
      put(root, "f", "f".repeat(20))
      configure(root, ["*"], { maxFileBytes: 50, maxTotalBytes: 100 })
      const set = yield* Files.read(root)
      assert.deepStrictEqual(Object.keys(texts(set)), ["a", "b", "f"])
      const total = "the files together are larger than 100 bytes"
      assert.deepStrictEqual(reasons(set), { c: total, d: total, e: "is larger than 50 bytes (it has 51)" })
    })
  )
})
