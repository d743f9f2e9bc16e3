import { renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { assert } from "@effect/vitest"
import * as Files from "@parley/workspace/Files"
import { Effect } from "effect"
import { Worker } from "node:worker_threads"
import { post } from "../support/post.ts"
import type { Case } from "../suite.ts"
import { place, shown } from "./place.ts"

const size = 120_000

/** A thread that repeats an operation on the file until the scope closes. */
const meanwhile = (path: string, body: string) =>
  Effect.acquireRelease(
    Effect.sync(
      () =>
        new Worker(
          `const fs = require("node:fs")
           const { workerData: path } = require("node:worker_threads")
           const clock = new Int32Array(new SharedArrayBuffer(4))
           const pause = (millis) => Atomics.wait(clock, 0, 0, millis)
           let n = 0
           const next = () => { n++; ${body}; setImmediate(next) }
           next()`,
          { eval: true, workerData: path }
        )
    ),
    (worker) => Effect.promise(() => worker.terminate())
  )

const changes = (
  name: string,
  body: string,
  whole: RegExp,
  /** Allowed reasons besides that the file changed. */
  reasons: ReadonlyArray<string>
): Case => ({
  id: "F07",
  name,
  run: Effect.gen(function* () {
    const here = yield* place
    const path = here.put("f", "a".repeat(size))
    here.include(["f"])
    let read = 0
    let told = 0
    yield* Effect.gen(function* () {
      yield* meanwhile(path, body)
      for (let i = 0; i < 200 || read === 0 || told === 0; i++) {
        const { files, skipped } = yield* Files.read(here.workspace)
        assert.strictEqual(files.length + skipped.length, 1)
        for (const { text } of files) assert.match(text, whole)
        for (const { reason } of skipped) assert.include(["changed while it was being read", ...reasons], reason)
        read += files.length
        told += skipped.length
      }
      // A round works nevertheless.
      yield* shown(here)
    }).pipe(Effect.scoped)
    rmSync(path, { force: true })
    writeFileSync(`${path}.new`, "At rest.")
    renameSync(`${path}.new`, path)
    const { id, seen } = yield* shown(here)
    assert.deepStrictEqual(seen.files, { f: "At rest." })
    truncateSync(path, 2)
    yield* post(here, id, { files: Files.layer({ root: here.workspace }) })
  })
})

export const changing: ReadonlyArray<Case> = [
  changes(
    "vanishes, and comes back",
    `fs.renameSync(path, path + ".away"); pause(0.3); fs.renameSync(path + ".away", path); pause(0.5)`,
    /^a{120000}$/,
    ["does not exist"]
  ),
  changes(
    "is truncated, and filled again",
    `fs.truncateSync(path, 0); fs.writeFileSync(path, "a".repeat(${size})); pause(0.5)`,
    // Empty or a prefix: every state in which the file was.
    /^a{0,120000}$/,
    []
  ),
  changes(
    "is replaced",
    `fs.writeFileSync(path + ".next", (n % 2 ? "a" : "b").repeat(${size})); fs.renameSync(path + ".next", path)`,
    /^(a{120000}|b{120000})$/,
    []
  )
]
