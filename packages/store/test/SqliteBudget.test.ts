import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { BudgetLedger } from "@parley/domain/BudgetLedger"
import * as BudgetLedgerContract from "@parley/testing/BudgetLedgerContract"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqliteBudget from "../src/sessions/SqliteBudget.ts"
import * as Temporary from "./support/temporary.ts"

const spender = fileURLToPath(new URL("./support/spender.ts", import.meta.url))

const fileIn = Effect.map(Temporary.directory, (directory) => join(directory, "sessions.db"))
const rows = (filename: string, query: string) => {
  const database = new DatabaseSync(filename)
  const all = database.prepare(query).all()
  database.close()
  return all.map((row) => row["count"])
}
const ledgerAt = (filename: string) =>
  SqliteBudget.layer({ filename }).pipe(
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, BudgetLedger))
  )

/** Runs `spender.ts` and returns the number that it prints. */
const spend = (filename: string, times: number, ...more: ReadonlyArray<string>) =>
  Effect.callback<number>((resume) => {
    const child = execFile(process.execPath, [spender, filename, String(times), ...more], (error, stdout) =>
      resume(error === null ? Effect.succeed(Number(stdout)) : Effect.die(error))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

BudgetLedgerContract.suite("SqliteBudget", {
  layer: Layer.unwrap(Effect.map(fileIn, (filename) => SqliteBudget.layer({ filename })))
})

describe("a budget in a database", () => {
  it.live("is shared by processes: together they reserve exactly what fits", () =>
    Effect.gen(function* () {
      const filename = yield* fileIn
      const ledger = yield* ledgerAt(filename)
      const before = yield* ledger.reserve({ workspace: "/a", worst: 0.99, millis: 600_000, limits: { day: 1.24 } })
      const admitted = yield* Effect.forEach([1, 2, 3], () => spend(filename, 20), { concurrency: "unbounded" })
      assert.strictEqual(
        admitted.reduce((sum, count) => sum + count, 0),
        25,
        `of 60 requests: ${admitted.join(" + ")}`
      )
      const { day } = yield* ledger.spent("/a")
      assert.closeTo(day, 1.24, 1e-9)
      yield* ledger.settle(before, 0)
    })
  )

  it.live("is never exceeded, while processes compete for the last of it", () =>
    Effect.gen(function* () {
      const filename = yield* fileIn
      yield* ledgerAt(filename)
      const start = yield* Effect.map(Clock.currentTimeMillis, (now) => now + 2000)
      const times = Effect.forEach([1, 2, 3], () => spend(filename, 400, String(start)), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* times, [0, 0, 0], "how often each process saw more than the limit")
    })
  )

  it.live("counts a reservation of a process that died with its worst case, at once", () =>
    Effect.gen(function* () {
      const filename = yield* fileIn
      const ledger = yield* ledgerAt(filename)
      const child = spawn(process.execPath, [spender, filename, "1", "hang"], { stdio: ["ignore", "pipe", "inherit"] })
      yield* Effect.promise(() => once(child.stdout, "data"))
      const limits = { workspace: 0.015 }
      const ask = { workspace: "/a", worst: 0.01, millis: 600_000, limits }
      assert.strictEqual((yield* Effect.flip(ledger.reserve(ask)))._tag, "CapReached")
      child.kill("SIGKILL")
      yield* Effect.promise(() => once(child, "close"))
      assert.strictEqual((yield* Effect.flip(ledger.reserve(ask)))._tag, "CapReached", "it is not forgotten")
      assert.strictEqual((yield* ledger.spent("/a")).workspace, 0.01)
      const left = rows(filename, "SELECT count(*) AS count FROM budget_reserved")
      assert.deepStrictEqual(left, [0], "it is not reserved any more, but spent")
    })
  )
})
