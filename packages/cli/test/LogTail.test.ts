import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as LogTail from "../src/terminal/LogTail.ts"

const log = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-log-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ),
  (directory) => LogTail.fileIn(directory, "s")
)

describe("the log of a server", () => {
  it.live("returns its last lines, including those of the rotated file", () =>
    Effect.gen(function* () {
      const path = yield* log
      assert.isTrue(path.endsWith("/s.log"))
      assert.deepStrictEqual(yield* LogTail.last(path, 2), { lines: [], end: 0 })
      writeFileSync(`${path}.1`, "a\nb\n")
      writeFileSync(path, "c\n\nd\n")
      assert.deepStrictEqual(yield* LogTail.last(path, 3), { lines: ["b", "c", "d"], end: 5 })
      assert.deepStrictEqual((yield* LogTail.last(path, 9)).lines, ["a", "b", "c", "d"])
    })
  )

  it.live("is followed by whole lines, each once, even while a character is partly written", () =>
    Effect.gen(function* () {
      const path = yield* log
      writeFileSync(path, "first\n")
      const { end } = yield* LogTail.last(path, 1)
      const nothing = yield* LogTail.since(path, end)
      assert.deepStrictEqual(nothing, { text: "", end })
      const [half, rest] = [Buffer.from("é").subarray(0, 1), Buffer.from("é").subarray(1)]
      appendFileSync(path, Buffer.concat([Buffer.from("sécond\nthird "), half]))
      const second = yield* LogTail.since(path, end)
      assert.deepStrictEqual(second, { text: "sécond\n", end: end + 8 })
      assert.deepStrictEqual(yield* LogTail.since(path, second.end), { text: "", end: second.end })
      appendFileSync(path, Buffer.concat([rest, Buffer.from("\n")]))
      const third = yield* LogTail.since(path, second.end)
      assert.deepStrictEqual(third, { text: "third é\n", end: second.end + 9 })
    })
  )

  it.live("starts again when the file is replaced by a shorter one", () =>
    Effect.gen(function* () {
      const path = yield* log
      writeFileSync(path, "a long line of before\n")
      const { end } = yield* LogTail.last(path, 1)
      truncateSync(path)
      writeFileSync(path, "new\n")
      assert.deepStrictEqual(yield* LogTail.since(path, end), { text: "new\n", end: 4 })
      rmSync(path)
      assert.deepStrictEqual(yield* LogTail.since(path, 4), { text: "", end: 0 })
    })
  )

  it.live("is read up to the maximum size of a log", () =>
    Effect.gen(function* () {
      const path = yield* log
      const most = 4 * 1024 * 1024
      writeFileSync(path, "x".repeat(most - 2) + "\ny\nz\n")
      assert.deepStrictEqual((yield* LogTail.last(path, 1)).end, most)
      const after = yield* LogTail.since(path, 1)
      assert.strictEqual(after.end, most + 1)
    })
  )
})
