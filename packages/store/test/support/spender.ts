// Reserves $0.01 as often as it is told, while $1.24 a day allow it, and prints how often that succeeded. With "hang" it then
// waits to be killed. With a time it competes from then on for a budget of $0.01, and prints how often more was reserved.
import { argv, stdout } from "node:process"
import { BudgetLedger } from "@parley/domain/BudgetLedger"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as SqliteBudget from "../../src/sessions/SqliteBudget.ts"

const [, , filename = "", times = "", mode] = argv
const turns = Array.from({ length: Number(times) })
const worst = 0.01
const asked = (day: number) => ({ workspace: "/a", worst, millis: 600_000, limits: { day } })

const admitted = Effect.gen(function* () {
  const ledger = yield* BudgetLedger
  const made = yield* Effect.forEach(turns, () => Effect.result(ledger.reserve(asked(1.24))))
  const reserved = made.flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
  yield* Effect.sync(() => stdout.write(String(reserved.length)))
  if (mode === "hang") return yield* Effect.never
  // A process that ends without settling leaves its worst case behind.
  for (const reservation of reserved) yield* ledger.settle(reservation, worst)
})

const competing = Effect.gen(function* () {
  const ledger = yield* BudgetLedger
  yield* Effect.sleep(Math.max(0, Number(mode) - (yield* Clock.currentTimeMillis)))
  let exceeded = 0
  for (const _ of turns) {
    const made = yield* Effect.result(ledger.reserve(asked(worst)))
    if (Result.isFailure(made)) continue
    if ((yield* ledger.spent("/a")).day > worst) exceeded++
    yield* ledger.settle(made.success, 0)
  }
  yield* Effect.sync(() => stdout.write(String(exceeded)))
})

const isTime = mode !== undefined && mode !== "hang"
Effect.runFork(Effect.provide(isTime ? competing : admitted, SqliteBudget.layer({ filename })))
