import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import * as TestClock from "effect/testing/TestClock"
import { withLockFile } from "../src/LockFile.ts"
import * as ProcessIdentity from "../src/ProcessIdentity.ts"
import { inTime } from "@parley/harness/promptly"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-os-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const options = { longestHold: "2 minutes", unusable: String } as const
const locked = <A>(path: string, use: Effect.Effect<A>) => withLockFile(path, options, use)

const { machine, started } = ProcessIdentity
const holder = (pid: number, where = machine) =>
  JSON.stringify({ pid, machine: where, started: pid === process.pid ? started : "1", id: "x" })

const elsewhere = "another machine"
/** Longer than any number the system gives. */
const noProcess = 4_194_305
/** In milliseconds; a year before `future`, which is in seconds. */
const now = 1_800_000_000_000
const future = now / 1000 + 365 * 24 * 3600

const contender = join(import.meta.dirname, "support/contender.ts")

describe("a lock in a file", () => {
  it.live("is taken over from a process that has ended, or that holds it far too long", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      let runs = 0
      const run = Effect.sync(() => void runs++)
      writeFileSync(path, holder(noProcess))
      yield* locked(path, run).pipe(inTime(2000))
      writeFileSync(path, holder(1, elsewhere))
      utimesSync(path, 1, 1)
      yield* locked(path, run).pipe(inTime(2000))
      assert.strictEqual(runs, 2)
      for (const alive of [holder(process.pid), holder(1, elsewhere)]) {
        writeFileSync(path, alive)
        const waited = yield* Effect.timeoutOption(locked(path, run), "300 millis")
        assert.strictEqual(waited._tag, "None")
        rmSync(path)
      }
      assert.strictEqual(runs, 2, "one that may be alive is waited for")
    })
  )

  it.effect("with a clock that is a year ahead is taken over after it was watched for the longest hold", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      writeFileSync(path, holder(1, elsewhere))
      utimesSync(path, future, future)
      yield* TestClock.setTime(now)
      const fiber = yield* Effect.forkChild(locked(path, Effect.succeed("done")))
      yield* TestClock.adjust("119 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("is not stale as long as its holder changes", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      const put = (id: number) => {
        writeFileSync(path, holder(1, `${elsewhere} ${id}`))
        utimesSync(path, future, future)
      }
      put(0)
      yield* TestClock.setTime(now)
      const fiber = yield* Effect.forkChild(locked(path, Effect.succeed("done")))
      for (const id of [1, 2, 3]) {
        yield* TestClock.adjust("100 seconds")
        put(id)
      }
      yield* TestClock.adjust("100 seconds")
      assert.isUndefined(fiber.pollUnsafe())
    })
  )

  it.live("that is not a lock file, such as a directory, a dangling link or a pipe, expires too", () =>
    Effect.gen(function* () {
      const at = yield* directory
      const put: ReadonlyArray<(path: string) => void> = [
        (path) => mkdirSync(join(path, "deep"), { recursive: true }),
        (path) => symlinkSync("nowhere", path),
        (path) => writeFileSync(path, "x".repeat(10_000))
      ]
      for (const [index, make] of put.entries()) {
        const path = join(at, `lock-${index}`)
        make(path)
        const quick = withLockFile(path, { ...options, longestHold: "200 millis" }, Effect.succeed("done"))
        assert.strictEqual(yield* quick.pipe(inTime(5000)), "done")
        assert.notInclude(readdirSync(at), `lock-${index}`)
      }
    })
  )

  it.live("that cannot be created fails with the caller's error", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "missing", "lock")
      assert.match(yield* Effect.flip(locked(path, Effect.void)), /ENOENT/)
    })
  )

  it.live("that was held too long and taken over is not released by the old holder", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      const other = holder(1, elsewhere)
      yield* locked(
        path,
        Effect.sync(() => writeFileSync(path, other))
      )
      assert.strictEqual(readFileSync(path, "utf8"), other)
    })
  )

  it.live("lets one fiber in at a time", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      let inside = 0
      let most = 0
      const use = Effect.gen(function* () {
        most = Math.max(most, ++inside)
        yield* Effect.sleep("5 millis")
        inside--
      })
      yield* Effect.all(
        Array.from({ length: 8 }, () => locked(path, use)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(most, 1)
    })
  )

  it.live("lets one process in at a time, and is taken over from one that was killed", () =>
    Effect.gen(function* () {
      const at = yield* directory
      const counter = join(at, "counter")
      writeFileSync(counter, "0")
      const one = (times: string) =>
        Effect.callback<string>((resume) => {
          const child = spawn(process.execPath, [contender, join(at, "lock"), counter, times])
          child.on("close", (code, signal) => resume(Effect.succeed(String(signal ?? code))))
        })
      assert.strictEqual(yield* one("die"), "SIGKILL")
      assert.include(readdirSync(at), "lock")
      assert.deepStrictEqual(yield* Effect.all([one("25"), one("25"), one("25")], { concurrency: 3 }), ["0", "0", "0"])
      assert.strictEqual(readFileSync(counter, "utf8"), "75")
      assert.deepStrictEqual(readdirSync(at), ["counter"])
    })
  )
})
