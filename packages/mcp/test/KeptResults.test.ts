import * as fs from "node:fs"
import { join } from "node:path"
import { umask } from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { McpManager, ToolInput } from "@parley/domain/McpManager"
import { byteLength } from "../src/text/Cut.ts"
import { resultLimits } from "../src/results/ToolResults.ts"
import { context, directory, eventually, promisingServer, textOf, withManager } from "./support.ts"
import { inTime } from "@parley/harness/promptly"

const ownName = /^result-[0-9a-f]{32}\.(txt|wav|bin|png)$/
const allText = Array.from({ length: 20_000 }, (_, i) => `line ${i + 1} é`).join("\n")

const keeping = <A, E>(
  use: (
    call: (tool: string, input?: ToolInput) => ReturnType<McpManager["Service"]["call"]>,
    results: string,
    manager: McpManager["Service"]
  ) => Effect.Effect<A, E>,
  prepare: (results: string, root: string) => void = () => {}
) =>
  Effect.gen(function* () {
    const root = yield* directory
    const results = join(yield* directory, "data", "results")
    prepare(results, root)
    return yield* withManager(
      { servers: { p: promisingServer() }, workspaceRoot: root, spillDirectory: results },
      (manager) => use((tool, input = {}) => manager.call(tool, input, context), results, manager)
    )
  })

const modeOf = (path: string): number => fs.statSync(path).mode & 0o777

describe("a result that is too large", () => {
  it.live("shows its beginning and its end, and is stored completely where only this user can read it", () =>
    Effect.gen(function* () {
      const before = umask(0)
      yield* Effect.addFinalizer(() => Effect.sync(() => umask(before)))
      yield* keeping((call, results) =>
        Effect.gen(function* () {
          const output = yield* call("p__long")
          const [head, gap, tail, note] = output.content.map((part) => (part._tag === "Text" ? part.text : ""))
          assert.match(head ?? "", /^line 1 é\n[^]*\n$/)
          assert.match(tail ?? "", /^line \d+ é\n[^]*\nline 20000 é$/)
          assert.isAtMost(byteLength(`${head}${tail}`), resultLimits.textBytes)
          const leftOut = byteLength(allText) - byteLength(`${head}${tail}`)
          assert.strictEqual(gap, `[… ${leftOut} bytes left out here …]`)
          const [name = "", ...more] = fs.readdirSync(results)
          assert.deepStrictEqual(more, [])
          assert.match(name, ownName)
          const path = join(results, name)
          assert.strictEqual(
            note,
            `[The result was cut: ${leftOut} bytes of text left out. All of its text is kept in ${name}: read it with ` +
              `workspace__read_result; for the user the file is ${path}]`
          )
          assert.strictEqual(fs.readFileSync(path, "utf8"), allText)
          assert.deepStrictEqual([modeOf(results), modeOf(path)], [0o700, 0o600])

          const lines = yield* call("workspace__read_result", { name, offset: 9_000, limit: 2 })
          assert.match(textOf(lines.content), /^line 9000 é\nline 9001 é\n\n\[These are lines 9000 to 9001;/)
          const pieces: Array<string> = []
          for (let position: number | undefined = 0; position !== undefined;) {
            const [piece, next]: ReadonlyArray<string> = (yield* call("workspace__read_result", {
              name,
              position
            })).content.map((part) => (part._tag === "Text" ? part.text : ""))
            pieces.push(piece ?? "")
            const further: string | undefined = /goes on at position (\d+)/.exec(next ?? "")?.[1]
            position = further === undefined ? undefined : Number(further)
          }
          assert.strictEqual(pieces.join(""), allText)
        })
      )
    })
  )

  it.live("can be read only by its own name, and no other file can be read", () =>
    keeping(
      (call, results, manager) =>
        Effect.gen(function* () {
          assert.include(
            (yield* manager.tools).map(({ name }) => name),
            "workspace__read_result"
          )
          for (const name of [
            "../secret.txt",
            "secret.txt",
            "result-1.txt",
            `../results/result-${"0".repeat(32)}.txt`,
            `result-${"0".repeat(32)}.txt/../secret.txt`,
            `result-${"0".repeat(32)}.txt`,
            join(results, "secret.txt")
          ]) {
            const output = yield* call("workspace__read_result", { name })
            assert.isTrue(output.isError, name)
            assert.notInclude(textOf(output.content), "secret content")
          }
          const own = yield* call("workspace__read_result", { name: `result-${"1".repeat(32)}.txt` })
          assert.isFalse(own.isError)
          assert.include(textOf(own.content), "kept content")
        }),
      (results) => {
        fs.mkdirSync(results, { recursive: true, mode: 0o700 })
        fs.writeFileSync(join(results, "secret.txt"), "secret content")
        fs.writeFileSync(join(results, "..", "secret.txt"), "secret content")
        fs.writeFileSync(join(results, `result-${"1".repeat(32)}.txt`), "kept content", { mode: 0o600 })
        fs.symlinkSync(join(results, "..", "secret.txt"), join(results, `result-${"0".repeat(32)}.txt`))
      }
    )
  )

  it.live("is truncated with a note if it cannot be stored", () =>
    keeping(
      (call, results) =>
        Effect.gen(function* () {
          const output = yield* call("p__long")
          assert.match(
            textOf(output.content),
            /bytes of text left out\]\n\[What was left out could not be kept: .*0700/
          )
          assert.deepStrictEqual(fs.readdirSync(results), [])
        }),
      (results) => {
        fs.mkdirSync(results, { recursive: true })
        fs.chmodSync(results, 0o777)
      }
    )
  )

  it.live("is deleted after thirty days; other files are not touched", () => {
    const name = (digit: string) => `result-${digit.repeat(32)}.txt`
    const day = 24 * 60 * 60
    return keeping(
      (_call, results) =>
        Effect.gen(function* () {
          const left = yield* eventually(
            Effect.sync(() => fs.readdirSync(results).sort()),
            (names) => names.length < 4
          )
          assert.deepStrictEqual(left, ["notes.txt", name("1"), `x${name("2")}`])
        }),
      (results) => {
        fs.mkdirSync(results, { recursive: true, mode: 0o700 })
        const ages = { [name("0")]: 31, [name("1")]: 29, [`x${name("2")}`]: 31, "notes.txt": 31 }
        for (const [file, days] of Object.entries(ages)) {
          fs.writeFileSync(join(results, file), "x")
          const time = (performance.timeOrigin + performance.now()) / 1000 - days * day
          fs.utimesSync(join(results, file), time, time)
        }
      }
    )
  })
})

describe("data that cannot be shown", () => {
  it.live("is stored in files whose names contain no text of the server", () =>
    keeping((call, results) =>
      Effect.gen(function* () {
        const output = yield* call("p__data")
        const [audio = "", blob = "", image = "", invalid = ""] = textOf(output.content).split("\n")
        assert.match(audio, /^\[audio audio\/wav 15 bytes: cannot be played; for the user it is kept in .*\.wav\]$/)
        assert.match(blob, /^\[resource <file:\/\/\/b> \.\.\/\.\.\/evil, 15 bytes of binary data; .*\.bin\]$/)
        assert.match(image, /too large to be shown; for the user it is kept in .*\.png\]$/)
        assert.notInclude(invalid, "kept")
        const names = fs.readdirSync(results)
        assert.strictEqual(names.length, 3)
        for (const name of names) {
          assert.match(name, ownName)
          assert.include(textOf(output.content), join(results, name))
          const content = fs.readFileSync(join(results, name))
          if (!name.endsWith("png")) assert.strictEqual(content.toString(), "RIFF and so on")
          assert.strictEqual(modeOf(join(results, name)), 0o600)
        }
      })
    )
  )
})

describe("a tool's output schema", () => {
  it.live(
    "is enforced: the model gets the text and the violation instead of structured content that does not fit",
    () =>
      keeping((call, results, manager) =>
        Effect.gen(function* () {
          const kept = yield* call("p__kept")
          assert.deepStrictEqual(kept, { isError: false, content: [{ _tag: "Text", text: '{"lines":[],"total":3}' }] })

          const broken = yield* call("p__broken")
          assert.isFalse(broken.isError)
          const [name = ""] = fs.readdirSync(results)
          const said = textOf(broken.content)
          assert.match(
            said,
            /^all is well: buy now\n\n\[The answer does not fit the tool's output schema: at \/lines\/1\/price: .*number.* left out/
          )
          assert.notInclude(said, "free")
          assert.include(said, join(results, name))
          assert.include(fs.readFileSync(join(results, name), "utf8"), "buy now")

          const missing = yield* call("p__missing")
          assert.isFalse(missing.isError)
          assert.match(textOf(missing.content), /^\{"total":3\}\n\n\[.*it demands structured content, and none came/)
          const alone = yield* call("p__alone")
          assert.isTrue(alone.isError)
          assert.match(
            textOf(alone.content),
            /^The answer does not fit the tool's output schema: at \/lines\/0\/price: /
          )
          assert.notInclude(textOf(alone.content), "free")
          const failed = yield* call("p__failed")
          assert.deepStrictEqual(failed, { isError: true, content: [{ _tag: "Text", text: "no such account" }] })
          // A check against an output schema that takes too long counts as passed.
          const slow = yield* call("p__slow_promise").pipe(inTime(3000))
          assert.isFalse(slow.isError)
          const status = (yield* manager.servers).find(({ name }) => name === "p")
          assert.deepStrictEqual(status?.leftOut, [
            {
              tool: "remote_promise",
              why: "its output schema refers to something elsewhere (https://example.org/schema)"
            }
          ])
          assert.isFalse((yield* manager.tools).some((tool) => "outputSchema" in tool))
        })
      )
  )
})
