import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ReadBarrier from "@parley/os/ReadBarrier"
import { notebookText } from "../src/builtin/Notebook.ts"
import { listFiles, type ListRequest, readFile, type FilePart } from "../src/builtin/WorkspaceFiles.ts"
import { directory } from "./support.ts"

type Files = { readonly [path: string]: string | Uint8Array }

const world = (files: Files) =>
  Effect.gen(function* () {
    const root = yield* directory
    for (const [path, content] of Object.entries(files)) {
      fs.mkdirSync(join(root, path, ".."), { recursive: true })
      fs.writeFileSync(join(root, path), content)
    }
    const { project } = ReadBarrier.make()
    return {
      root,
      read: (path: string, part: FilePart = {}, raw?: boolean) => project(readFile(root, path, part, raw)),
      list: (request: ListRequest) => project(listFiles({ root }, request))
    }
  })

const notebook = `{
  "cells": [
    { "cell_type": "markdown", "source": ["# Title\\n", "text"], "metadata": {} },
    { "cell_type": "code", "source": "1 + 1\\n", "execution_count": 1, "outputs": [
      { "output_type": "stream", "name": "stdout", "text": ["hello\\n"] },
      { "output_type": "execute_result", "data": { "text/plain": ["2"], "image/png": "aGk=" }, "metadata": {} },
      { "output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": [] }
    ] }
  ], "nbformat": 4
}`

describe.concurrent("read_file", () => {
  it.live("accepts absolute paths in the workspace, and no others", () =>
    Effect.gen(function* () {
      const { read, root } = yield* world({ "a/b.txt": "text", ".env": "SECRET" })
      assert.strictEqual((yield* read(join(root, "a/b.txt"))).text, "text")
      const link = join(yield* directory, "link")
      fs.symlinkSync(root, link)
      const linked = yield* readFile(link, join(root, "a/b.txt"), {}, false).pipe(ReadBarrier.make().project)
      assert.strictEqual(linked.text, "text")
      for (const path of ["/etc/passwd", `${root}-evil/x`, join(root, ".."), "/"]) {
        const refused = yield* Effect.flip(read(path))
        assert.match(refused.problem, /absolute paths outside of it are not allowed|is a directory/, path)
      }
      assert.include((yield* Effect.flip(read(`${root}/a/../../x`))).problem, "absolute paths outside")
      // The user approved the call by this spelling, so it must be the file's own name.
      const secret = yield* Effect.flip(read(join(root, ".env")))
      assert.include(secret.problem, "leads to .env, which may hold secrets")
    })
  )

  it.live("shows a notebook as its cells, and as it is where that is asked for", () =>
    Effect.gen(function* () {
      const { read } = yield* world({ "a.ipynb": notebook, "broken.ipynb": "{" })
      const { note, text } = yield* read("a.ipynb")
      assert.deepStrictEqual(text.split("\n"), [
        "--- cell 1 (markdown) ---",
        "# Title",
        "text",
        "--- cell 2 (code) ---",
        "1 + 1",
        "--- output 2 ---",
        "hello",
        "2",
        "(image/png, not shown)",
        "ValueError: no",
        ""
      ])
      assert.include(note, "This is a notebook of 2 cells")
      assert.strictEqual((yield* read("a.ipynb", { offset: 5, limit: 1 })).text, "1 + 1\n")
      assert.strictEqual((yield* read("a.ipynb", {}, true)).text, notebook)
      assert.strictEqual((yield* read("broken.ipynb")).text, "{")
      assert.isUndefined(notebookText('{"cells": 1}'))
    })
  )

  it.live("decodes UTF-16, and names pointers of Git LFS", () =>
    Effect.gen(function* () {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 12345\n`
      const { read } = yield* world({
        "u.txt": Buffer.from("\uFEFFhé\n", "utf16le"),
        "big.bin": pointer,
        "b.txt": pointer.slice(1)
      })
      assert.deepStrictEqual(yield* read("u.txt"), { text: "hé\n", note: "" })
      const { note, text } = yield* read("big.bin")
      assert.strictEqual(text, pointer)
      assert.include(note, "This is a pointer of Git LFS, not the content of the file (12345 bytes)")
      assert.strictEqual((yield* read("b.txt")).note, "")
    })
  )

  it.live("leads somewhere with every note that a file goes on", () =>
    Effect.gen(function* () {
      const long = `${"é😀".repeat(30_000)}\nshort\n${"x".repeat(130_000)}`
      const { read } = yield* world({ "long.txt": long })
      let [all, part] = ["", { offset: 1, column: 1 }]
      for (let calls = 0; calls < 30; calls++) {
        const { note, text } = yield* read("long.txt", part)
        all += text
        const [, offset, column = "1"] = /goes on at offset (\d+)(?: and column (\d+))?/.exec(note) ?? []
        if (offset === undefined) break
        part = { offset: Number(offset), column: Number(column) }
      }
      assert.isTrue(all === long)
    })
  )
})

describe.concurrent("list_files", () => {
  it.live("finds by name at any depth, and leaves out hidden names where that is asked for", () =>
    Effect.gen(function* () {
      const { list } = yield* world({
        "a/b/c.ts": "",
        "a/d.ts": "",
        ".x/e.ts": "",
        "f.js": "",
        "node_modules/g.ts": ""
      })
      const names = (request: ListRequest) => Effect.map(list(request), ({ text }) => text.split("\n"))
      assert.deepStrictEqual(yield* names({ glob: "*.ts" }), [".x/e.ts", "a/b/c.ts", "a/d.ts"])
      assert.deepStrictEqual(yield* names({ glob: "*.ts", hidden: false, path: "a" }), ["a/b/c.ts", "a/d.ts"])
      assert.deepStrictEqual(yield* names({ glob: "*.ts", recursive: false }), [""])
      assert.deepStrictEqual(yield* names({ glob: "g*", ignored: true }), ["node_modules/g.ts"])
      assert.strictEqual((yield* list({ glob: "*.py" })).note, "No name matches. Not entered: node_modules/.")
    })
  )

  it.live("names submodules", () =>
    Effect.gen(function* () {
      const { list, root } = yield* world({
        ".gitmodules": '[submodule "x"]\n\tpath = lib/x\n\turl = https://example.com/x\n',
        "lib/y/a.txt": ""
      })
      fs.mkdirSync(join(root, "lib/x"))
      assert.strictEqual((yield* list({ path: "lib" })).text, "lib/x/ (git submodule)\nlib/y/")
      assert.include((yield* list({ path: "lib/x" })).note, "a git submodule that is not checked out")
    })
  )
})
