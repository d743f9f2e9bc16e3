import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type { McpManager, ToolInput } from "@parley/domain/McpManager"
import { builtInDefinitions, connectWorkspace } from "../src/builtin/WorkspaceServer.ts"
import { readTools } from "../src/tools/ToolList.ts"
import { promptly } from "@parley/harness/promptly"
import { context, directory, rawServer, textOf, withManager } from "./support.ts"

const write = (root: string, files: { readonly [path: string]: string | Uint8Array }) => {
  for (const [path, content] of Object.entries(files)) {
    fs.mkdirSync(join(root, path, ".."), { recursive: true })
    fs.writeFileSync(join(root, path), content)
  }
}

const inWorkspace = <E>(
  files: { readonly [path: string]: string | Uint8Array },
  use: (
    call: (tool: string, input: ToolInput) => Effect.Effect<{ readonly isError: boolean; readonly text: string }>,
    root: string,
    manager: McpManager["Service"]
  ) => Effect.Effect<void, E>
) =>
  Effect.gen(function* () {
    const root = yield* directory
    write(root, files)
    yield* withManager({ servers: {}, workspaceRoot: root }, (manager) =>
      use(
        (tool, input) =>
          manager.call(`workspace__${tool}`, input, context).pipe(
            Effect.map(({ content, isError }) => ({ isError, text: textOf(content) })),
            Effect.orDie
          ),
        root,
        manager
      )
    )
  })

describe.concurrent("the workspace server", () => {
  it.live("offers the same tools in its definitions as over the protocol", () =>
    Effect.gen(function* () {
      const connection = connectWorkspace(yield* directory)
      const answer: unknown = yield* connection.listTools(undefined)
      const entries = typeof answer === "object" && answer !== null && "tools" in answer ? answer.tools : []
      assert.deepStrictEqual(readTools("workspace", Array.isArray(entries) ? entries : []), {
        // A server's claim that a tool is read-only is not trusted, except for the built-in server.
        tools: builtInDefinitions(false).map(({ safeToRepeat: _, ...tool }) => tool),
        leftOut: []
      })
    })
  )

  it.live("reads 2,000 lines at most, however many are asked for and however short they are", () =>
    inWorkspace({ "short.txt": "x\n".repeat(5000) }, (call) =>
      Effect.gen(function* () {
        for (const more of [{}, { limit: 5000 }]) {
          const { text } = yield* call("read_file", { path: "short.txt", ...more })
          assert.lengthOf(text.match(/^x$/gm) ?? [], 2000)
          assert.include(text, "These are lines 1 to 2000; the file (10000 bytes) goes on at offset 2001.")
        }
        const { text } = yield* call("read_file", { path: "short.txt", offset: 4999, limit: 5000 })
        assert.lengthOf(text.match(/^x$/gm) ?? [], 2)
      })
    )
  )

  it.live("lists files, sorted, directories with a slash, and reports what it left out", () =>
    inWorkspace(
      {
        "b.txt": "",
        "B.txt": "",
        "src/z.ts": "",
        "src/a/deep.ts": "",
        ".git/HEAD": "",
        "node_modules/x/index.js": "",
        "src/new\nline": ""
      },
      (call, root) =>
        Effect.gen(function* () {
          fs.symlinkSync("/etc", join(root, "link"))
          assert.strictEqual(
            (yield* call("list_files", {})).text,
            [".git/", "B.txt", "b.txt", "link (link)", "node_modules/", "src/"].join("\n")
          )
          const { isError, text } = yield* call("list_files", { recursive: true })
          assert.isFalse(isError)
          assert.strictEqual(
            text,
            [
              ".git/",
              "B.txt",
              "b.txt",
              "link (link)",
              "node_modules/",
              "src/",
              "src/a/",
              "src/a/deep.ts",
              "src/new line",
              "src/z.ts",
              "[Not entered: .git/, node_modules/.]"
            ].join("\n")
          )
          assert.strictEqual((yield* call("list_files", { path: "src/a" })).text, "src/a/deep.ts")
          assert.strictEqual((yield* call("list_files", { path: "node_modules/x" })).text, "node_modules/x/index.js")
          assert.deepStrictEqual(yield* call("list_files", { path: "b.txt" }), {
            isError: true,
            text: "b.txt is a file, not a directory."
          })
          assert.isTrue((yield* call("list_files", { path: "link" })).isError)
        })
    )
  )

  it.live("limits a list, keeping the entries near the root", () =>
    inWorkspace(
      {
        "last.txt": "",
        ...Object.fromEntries(Array.from({ length: 1010 }, (_, i) => [`many/${i}`, ""])),
        "x/y/z/file": ""
      },
      (call) =>
        Effect.gen(function* () {
          const { text } = yield* call("list_files", { recursive: true })
          assert.strictEqual(text.split("\n").length, 1001)
          assert.match(text, /^last\.txt\n/)
          assert.include(
            text,
            "More than 1000 entries: these are 1 to 1000 of 1016, the nearest first. Go on with offset 1001"
          )
          const rest = yield* call("list_files", { recursive: true, offset: 1001 })
          assert.lengthOf(rest.text.split("\n"), 16)
          assert.include(rest.text, "x/y/z/file")
          assert.strictEqual((yield* call("list_files", { offset: 99 })).text, "There are only 3 entries.")
        })
    )
  )

  it.live("reads files, whole and in parts", () =>
    inWorkspace(
      {
        "a.txt": "one\ntwo\nthree\n",
        "empty.txt": "",
        "binary.bin": new Uint8Array([1, 2, 0, 3]),
        "crlf.txt": "a\r\nb",
        "latin1.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
        "one-line.txt": "x".repeat(300_000),
        "huge.txt": "0123456789\n".repeat(200_000)
      },
      (call) =>
        Effect.gen(function* () {
          const read = (input: ToolInput) => Effect.map(call("read_file", input), ({ text }) => text)
          assert.strictEqual(yield* read({ path: "a.txt" }), "one\ntwo\nthree\n")
          assert.strictEqual(
            yield* read({ path: "a.txt", offset: 2, limit: 1 }),
            "two\n\n[These are lines 2 to 2; the file (14 bytes) goes on at offset 3.]"
          )
          assert.strictEqual(yield* read({ path: "a.txt", offset: 3 }), "three\n")
          assert.strictEqual(yield* read({ path: "a.txt", offset: 9 }), "The file has fewer than 9 lines.")
          assert.strictEqual(yield* read({ path: "empty.txt" }), "The file is empty.")
          assert.strictEqual(yield* read({ path: "binary.bin" }), "binary.bin is a binary file of 4 bytes.")
          assert.strictEqual(yield* read({ path: "crlf.txt" }), "a\r\nb")
          assert.strictEqual(yield* read({ path: "latin1.txt" }), "caf\ufffd")
          const line = yield* read({ path: "one-line.txt" })
          assert.match(
            line,
            /^x{61440}\n\[Line 1 is longer than 61440 bytes: only its beginning is shown\. It goes on at offset 1 and column 61441\.\]$/
          )
          const rest = yield* read({ path: "one-line.txt", column: 240_001 })
          assert.strictEqual(rest, "x".repeat(60_000))
          const huge = yield* read({ path: "huge.txt", offset: 150_000 })
          assert.match(huge, /^0123456789\n/)
          assert.match(
            huge,
            /\[These are lines 150000 to 151999; the file \(2200000 bytes\) goes on at offset 152000\.\]$/
          )
        })
    )
  )

  it.live("reads a sparse file of a terabyte only as far as it must", () =>
    inWorkspace({ "sparse.txt": "start\n" }, (call, root) =>
      Effect.gen(function* () {
        fs.truncateSync(join(root, "sparse.txt"), 2 ** 40)
        assert.include((yield* call("read_file", { path: "sparse.txt" })).text, "binary file")
      })
    )
  )

  it.live("refuses paths outside with a plain sentence, and rejects invalid input before the call", () =>
    inWorkspace({ "a.txt": "x" }, (call, _root, manager) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* call("read_file", { path: "../../etc/passwd" }), {
          isError: true,
          text: "Paths cannot contain `..`."
        })
        const error = yield* Effect.flip(manager.call("workspace__read_file", { path: 7 }, context))
        assert.strictEqual(error.reason, "NotSent")
        assert.match(error.problem, /^Invalid input for workspace__read_file: at \/path: /)
        const offset = yield* Effect.flip(manager.call("workspace__read_file", { path: "a.txt", offset: 0 }, context))
        assert.match(offset.problem, /at \/offset: /)
        const extra = yield* Effect.flip(manager.call("workspace__list_files", { where: "x" }, context))
        assert.strictEqual(extra.reason, "NotSent")
        // Null is passed to the tool, as servers decide themselves whether it counts as absent.
        assert.deepStrictEqual(yield* call("read_file", { path: "a.txt", offset: null }), {
          isError: true,
          text: "There is no such tool, or its input is not valid."
        })
        assert.deepStrictEqual(yield* call("read_file", { path: "a.txt", where: null }), { isError: false, text: "x" })
      })
    )
  )

  it.live("cannot be shadowed by a configured server, and does not wait for others", () =>
    Effect.gen(function* () {
      const root = yield* directory
      write(root, { "mine.txt": "" })
      yield* withManager(
        {
          servers: { workspace: rawServer(), slow: { ...rawServer("--silent"), startTimeoutMillis: 4000 } },
          workspaceRoot: root
        },
        (manager) =>
          Effect.gen(function* () {
            const before = yield* Clock.currentTimeMillis
            const { content } = yield* manager.call("workspace__list_files", {}, context)
            promptly((yield* Clock.currentTimeMillis) - before, 1000)
            assert.strictEqual(textOf(content), "mine.txt")
            const statuses = yield* manager.servers
            assert.deepStrictEqual(
              statuses.map(({ name, state, tools }) => [name, state, tools]),
              [
                ["workspace", "ready", 3],
                ["workspace", "failed", 0],
                ["slow", "restarting", 0]
              ]
            )
            assert.match(statuses[1]?.problem ?? "", /taken by the built-in tools/)
            assert.deepStrictEqual(
              (yield* manager.tools).map(({ name }) => name),
              ["workspace__list_files", "workspace__read_file", "workspace__search_files"]
            )
          })
      )
    })
  )

  it.live("runs no tool after it has been closed", () =>
    Effect.gen(function* () {
      let closed: McpManager["Service"] | undefined
      yield* inWorkspace({ "a.txt": "x" }, (call, _root, manager) =>
        Effect.gen(function* () {
          assert.isFalse((yield* call("list_files", {})).isError)
          closed = manager
        })
      )
      const error = yield* Effect.flip(closed?.call("workspace__list_files", {}, context) ?? Effect.void)
      assert.include(error, { _tag: "ToolError", reason: "NotSent" })
    })
  )

  it.live("reports that the workspace no longer exists", () =>
    inWorkspace({}, (call, root) =>
      Effect.gen(function* () {
        fs.rmdirSync(root)
        assert.deepStrictEqual(yield* call("list_files", {}), {
          isError: true,
          text: "There is no workspace directory."
        })
      })
    )
  )
})
