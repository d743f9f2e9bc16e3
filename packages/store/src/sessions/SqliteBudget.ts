import {
  BudgetLedger,
  type BudgetSpent,
  dayOf,
  nanosOf,
  refusalOf,
  type Reservation,
  spentOf
} from "@parley/domain/BudgetLedger"
import type { CapReached, StorageError } from "@parley/domain/Errors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Database from "../database/database.ts"
import * as Leases from "../database/leases.ts"
import * as DatabaseFile from "../file/databaseFile.ts"
import { randomDigits } from "../file/randomBytes.ts"
import { BusyLimit } from "../file/StoreSettings.ts"

type Service = BudgetLedger["Service"]

interface ReservedRow extends Reservation {
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly holder: string
}

const selectReserved = `SELECT id, day, workspace, nanos, until, holder FROM budget_reserved`
const insertReserved = `INSERT INTO budget_reserved (id, day, workspace, nanos, until, holder) VALUES (?, ?, ?, ?, ?, ?)`
const removeReserved = `DELETE FROM budget_reserved WHERE id = ? RETURNING workspace`
const addSpent = `INSERT INTO budget_spent (day, workspace, nanos) VALUES (?, ?, ?)
  ON CONFLICT (day, workspace) DO UPDATE SET nanos = nanos + excluded.nanos`
const selectTaken = `SELECT
    coalesce(sum(nanos) FILTER (WHERE day = ?), 0) AS day,
    coalesce(sum(nanos) FILTER (WHERE workspace = ?), 0) AS workspace
  FROM (SELECT day, workspace, nanos FROM budget_spent UNION ALL SELECT day, workspace, nanos FROM budget_reserved)`

/** Turns reservations that will not be settled into spent money: their time is over, or their process has died. */
const settleDue = Effect.fnUntraced(function* (sql: SqlClient, now: number) {
  for (const { day, holder, id, nanos, until, workspace } of yield* sql.unsafe<ReservedRow>(selectReserved)) {
    if (now < until && Leases.isAlive(holder)) continue
    yield* sql.unsafe(removeReserved, [id])
    yield* sql.unsafe(addSpent, [day, workspace, nanos])
  }
})

/** What is spent and reserved, in billionths of a dollar. */
const taken = (sql: SqlClient, now: number, workspace: string) =>
  Effect.map(sql.unsafe<BudgetSpent>(selectTaken, [dayOf(now), workspace]), ([row]) => row ?? { day: 0, workspace: 0 })

const make = Effect.fnUntraced(function* ({ filename }: { readonly filename: string }) {
  yield* DatabaseFile.checkOwnership(filename)
  const { run } = yield* Database.open(filename, yield* BusyLimit)

  const reserve: Service["reserve"] = Effect.fn("BudgetLedger.reserve")(function* (request) {
    const now = yield* Clock.currentTimeMillis
    const { millis, workspace, worst } = request
    const reservation: Reservation = { id: randomDigits(26), day: dayOf(now), workspace, nanos: nanosOf(worst) }
    // The transaction begins with the write lock, so no other process reserves between the sum and the insertion.
    const reserved = yield* run("reserve")((sql) =>
      Effect.gen(function* () {
        yield* settleDue(sql, now)
        const refusal = refusalOf(request, yield* taken(sql, now, workspace))
        if (refusal !== undefined) return Result.fail<CapReached>(refusal)
        const { day, id, nanos } = reservation
        yield* sql.unsafe(insertReserved, [id, day, workspace, nanos, now + millis, Leases.holderNow(now)])
        return Result.succeed(reservation)
      }).pipe(sql.withTransaction)
    )
    return yield* Effect.fromResult(reserved)
  })

  const settle: Service["settle"] = Effect.fn("BudgetLedger.settle")(({ day, id, nanos, workspace }, cost) =>
    run("settle")((sql) =>
      Effect.gen(function* () {
        const [removed] = yield* sql.unsafe<Pick<ReservedRow, "workspace">>(removeReserved, [id])
        // A reservation whose time was over already counts as spent with its worst case: the difference corrects it.
        const already = removed === undefined ? nanos : 0
        // The workspace may have been moved meanwhile, and its reservations with it.
        yield* sql.unsafe(addSpent, [day, removed?.workspace ?? workspace, nanosOf(cost) - already])
      }).pipe(sql.withTransaction)
    )
  )

  const spent: Service["spent"] = Effect.fn("BudgetLedger.spent")(function* (workspace) {
    const now = yield* Clock.currentTimeMillis
    return spentOf(yield* run("spent")((sql) => taken(sql, now, workspace)))
  })

  return BudgetLedger.of({ reserve, settle, spent })
})

/**
 * The budget in the database of the sessions, shared by all processes that use the file. A missing file is created. A
 * reservation ends when it is settled; when its process has died, or its time is over, it counts as spent with its worst
 * case. What was stored in the last moments before a power failure may be lost.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: { readonly filename: string }): Layer.Layer<BudgetLedger, StorageError> =>
  Layer.effect(BudgetLedger, make(options))
