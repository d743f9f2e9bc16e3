import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { answeredId, makeLineReader } from "../src/text/MessageLines.ts"
import { byteLength } from "../src/text/Cut.ts"
import { resultLimits } from "../src/results/ToolResults.ts"
import { context, directory, eventually, largeServer, textOf, withManager } from "./support.ts"

const MiB = 1024 * 1024

describe("large messages over stdio", () => {
  it.live("are read, or skipped with an error for only their own call, and the connection survives", () =>
    withManager({ servers: { large: largeServer() } }, (manager) =>
      Effect.gen(function* () {
        const before = (yield* manager.servers)[0]
        for (const megabytes of [1, 20]) {
          const output = yield* manager.call("large__text", { bytes: megabytes * MiB }, context)
          assert.isFalse(output.isError)
          const text = textOf(output.content)
          assert.isAtMost(byteLength(text), resultLimits.textBytes + 300)
          assert.include(text, `${megabytes * MiB - resultLimits.textBytes} bytes of text left out`)
        }
        for (const idFirst of [true, false]) {
          // A concurrent call gets its response, and is not confused with the one that is too large.
          const [output, small] = yield* Effect.all(
            [
              manager.call("large__text", { bytes: 100 * MiB, idFirst }, context),
              manager.call("large__small", {}, context)
            ],
            { concurrency: 2 }
          )
          assert.deepStrictEqual(output, {
            isError: true,
            content: [{ _tag: "Text", text: "the answer was larger than 64 MiB and was not read" }]
          })
          assert.strictEqual(textOf(small.content), "small")
        }
        const notice = yield* manager.call("large__notice", { bytes: 70 * MiB }, context)
        assert.strictEqual(textOf(notice.content), "after")
        const after = (yield* manager.servers)[0]
        assert.deepStrictEqual(after, before, "never restarted")
      })
    )
  )

  it.live("have their structured content cut and kept in full in a file, also with a small text", () =>
    Effect.gen(function* () {
      const results = join(yield* directory, "results")
      yield* withManager({ servers: { large: largeServer() }, spillDirectory: results }, (manager) =>
        Effect.gen(function* () {
          const output = yield* manager.call("large__structured", { bytes: 20 * MiB }, context)
          const text = textOf(output.content)
          assert.match(text, /^done\n\{"a":"xxx/)
          assert.isAtMost(byteLength(text), resultLimits.textBytes + 500)
          const [name = ""] = fs.readdirSync(results)
          assert.include(text, join(results, name))
          assert.strictEqual(fs.statSync(join(results, name)).size, 20 * MiB + '{"a":""}'.length + "done\n".length)
        })
      )
    })
  )

  it.live("close the connection if they are endless and not messages", () =>
    withManager({ servers: { large: largeServer() }, restarts: { maxDeaths: 1 } }, (manager) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(manager.call("large__endless", { bytes: 20 * MiB }, context))
        assert.strictEqual(error.reason, "Lost")
        yield* eventually(manager.servers, ([status]) => status?.state === "failed")
      })
    )
  )
})

describe("lines", () => {
  const reading = (chunks: ReadonlyArray<string>, limits = { message: 100, noise: 20, skipped: 1000 }) => {
    const seen: Array<unknown> = []
    const read = makeLineReader(
      {
        onLine: (line) => seen.push(line),
        onTooLarge: (id) => seen.push({ id }),
        onEndless: () => seen.push("endless")
      },
      limits
    )
    for (const chunk of chunks) read(Buffer.from(chunk))
    return seen
  }
  const large = `{"jsonrpc":"2.0","id":7,"result":"${"é".repeat(200)}"}`

  it("are the same however the bytes are split", () => {
    const whole = `{"a":"é"}\n\n${large}\nnoise\n{"b":1}\n`
    const expected = ['{"a":"é"}', "", { id: 7 }, "noise", '{"b":1}']
    assert.deepStrictEqual(reading([whole]), expected)
    const bytes = Buffer.from(whole)
    for (const size of [1, 2, 3, 7, 64]) {
      const seen: Array<unknown> = []
      const read = makeLineReader(
        { onLine: (line) => seen.push(line), onTooLarge: (id) => seen.push({ id }), onEndless: () => seen.push("end") },
        { message: 100, noise: 20, skipped: 1000 }
      )
      for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size))
      assert.deepStrictEqual(seen, expected, String(size))
    }
  })

  it("that do not end are given up, and nothing is read after that", () => {
    assert.deepStrictEqual(reading(["x".repeat(21), "\n{}\n"]), ["endless"])
    assert.deepStrictEqual(reading([`{"id":1,"result":"${"x".repeat(500)}`, "x".repeat(600), '"}\n{}\n']), ["endless"])
  })

  it("settle the request whose id is in the message itself", () => {
    const table: ReadonlyArray<readonly [string, string, string | number | undefined]> = [
      ['{"jsonrpc":"2.0","id":7,"result":{', "}}", 7],
      ['{ "id" : "a-1" , "jsonrpc" : "2.0" , "error":{', "}}", "a-1"],
      ['{"result":{"a":[', ']},"jsonrpc":"2.0","id":9}\r', 9],
      ['{"result":{"a":[', ']},"id":9,"jsonrpc":"2.0"}', 9],
      // Ids of nested objects, of a request that the server sends, and within a string.
      ['{"result":{"a":[', '],"id":9}}', undefined],
      ['{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{', "}}", undefined],
      ['{"method":"sampling/createMessage","params":{', '},"jsonrpc":"2.0","id":7}', undefined],
      ['{"jsonrpc":"2.0","method":"x","params":{"id":7,"result":', "}}", undefined],
      ['{"jsonrpc":"2.0","result":"', ',\\"id\\":9}"}', undefined],
      ['{"jsonrpc":"2.0","id":null,"error":{', "}}", undefined]
    ]
    for (const [head, tail, id] of table) assert.strictEqual(answeredId(head, tail), id, head)
  })
})
