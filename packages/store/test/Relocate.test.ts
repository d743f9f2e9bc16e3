import { existsSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { BudgetLedger } from "@parley/domain/BudgetLedger"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { relocate } from "../src/sessions/Relocate.ts"
import * as SqliteBudget from "../src/sessions/SqliteBudget.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const world = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const layer = Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce)
  const sessions = yield* Effect.map(Layer.build(layer), (context) => Context.get(context, SessionManager))
  const ledger = yield* Effect.map(Layer.build(SqliteBudget.layer({ filename })), (context) =>
    Context.get(context, BudgetLedger)
  )
  const idsIn = (workspace: string) =>
    Effect.map(sessions.list({ workspace }), (infos) => infos.map(({ id }) => id).sort())
  const move = (from: string, to: string) => Effect.map(relocate({ filename, from, to }), (ids) => [...ids].sort())
  const ask = (workspace: string, worst: number) => ledger.reserve({ workspace, worst, millis: 600_000, limits: {} })
  const spend = (workspace: string, cost: number) =>
    Effect.flatMap(ask(workspace, cost), (reservation) => ledger.settle(reservation, cost))
  return { filename, sessions, ledger, idsIn, move, ask, spend }
})

describe("relocating a workspace", () => {
  it.live("makes its sessions those of another one, with all their events, and of no third one", () =>
    Effect.gen(function* () {
      const { idsIn, move, sessions } = yield* world
      const [a, b, c, d] = yield* Effect.forEach(["/old", "/old", "/new", "/old/below"], (workspace) =>
        sessions.create({ workspace })
      )
      if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("no sessions")
      yield* sessions.append(a.id, at(0), [asked])
      const before = yield* Effect.all([sessions.get(a.id), sessions.read(a.id, 0)])
      assert.deepStrictEqual(yield* move("/old", "/new"), [a.id, b.id].sort())
      assert.deepStrictEqual(yield* idsIn("/old"), [])
      assert.deepStrictEqual(yield* idsIn("/new"), [a.id, b.id, c.id].sort())
      assert.deepStrictEqual(yield* idsIn("/old/below"), [d.id])
      assert.deepStrictEqual(yield* sessions.get(a.id), { ...before[0], workspace: "/new" })
      assert.deepStrictEqual(yield* sessions.read(a.id, 0), before[1])
      // A process that was in the session meanwhile goes on, and takes nothing back.
      yield* sessions.append(a.id, at(1), [asked])
      assert.strictEqual((yield* sessions.get(a.id)).workspace, "/new")
      assert.deepStrictEqual(yield* move("/old", "/new"), [])
      assert.deepStrictEqual(yield* move("/new", "/new"), [])
      assert.lengthOf(yield* idsIn("/new"), 3)
    })
  )

  it.live("adds what was spent and is reserved in it to the budget of the other one", () =>
    Effect.gen(function* () {
      const { ask, ledger, move, spend } = yield* world
      yield* spend("/old", 1)
      yield* spend("/new", 2)
      yield* spend("/other", 4)
      const open = yield* ask("/old", 8)
      const spent = (workspace: string) => Effect.map(ledger.spent(workspace), ({ workspace }) => workspace)
      const today = (yield* ledger.spent("/new")).day
      yield* move("/old", "/new")
      assert.deepStrictEqual(yield* Effect.forEach(["/old", "/new", "/other"], spent), [0, 11, 4])
      assert.strictEqual((yield* ledger.spent("/new")).day, today)
      // A request that runs meanwhile is paid where its reservation is now.
      yield* ledger.settle(open, 7)
      assert.deepStrictEqual(yield* Effect.forEach(["/old", "/new"], spent), [0, 10])
      yield* move("/new", "/new")
      assert.strictEqual(yield* spent("/new"), 10)
    })
  )

  it.live("does nothing by half", () =>
    Effect.gen(function* () {
      const { filename, idsIn, move, sessions, spend } = yield* world
      const { id } = yield* sessions.create({ workspace: "/old" })
      yield* spend("/old", 1)
      const db = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (db) => Effect.sync(() => db.close())
      )
      // The sum of what both have spent is more than the database can hold, so that the second statement fails.
      db.exec(`INSERT INTO budget_spent SELECT day, '/new', ${2n ** 63n - 1n} FROM budget_spent`)
      const error = yield* Effect.flip(move("/old", "/new"))
      assert.strictEqual(error._tag, "StorageError")
      assert.deepStrictEqual([yield* idsIn("/old"), yield* idsIn("/new")], [[id], []])
      const [left] = db.prepare("SELECT nanos FROM budget_spent WHERE workspace = '/old'").all()
      assert.strictEqual(left?.["nanos"], 1e9)
    })
  )

  it.live("creates no database", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "none.db")
      assert.deepStrictEqual(yield* relocate({ filename, from: "/a", to: "/b" }), [])
      assert.isFalse(existsSync(filename))
    })
  )
})
