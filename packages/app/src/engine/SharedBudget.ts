import { BudgetLedger } from "@parley/domain/BudgetLedger"
import type { StorageError } from "@parley/domain/Errors"
import { Budget } from "@parley/session/Budget"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Setup } from "../configuration/Setup.ts"

/**
 * The budget that all of the user's processes share, if one is configured. It is stored in the database of the sessions. A
 * preview (`memory`) sends nothing, so it needs none.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (setup: Setup, where: "stored" | "memory" = "stored"): Layer.Layer<never, StorageError> => {
  const limits = setup.config.budget
  if (where === "memory" || (limits?.day === undefined && limits?.workspace === undefined)) return Layer.empty
  const { root: workspace } = setup.workspace
  const ledger = Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("@parley/store/SqliteBudget")),
      (SqliteBudget) => SqliteBudget.layer({ filename: setup.user.databaseFile })
    )
  )
  return Layer.effect(
    Budget,
    Effect.map(BudgetLedger, (ledger) => ({ ledger, limits, workspace }))
  ).pipe(Layer.provide(ledger))
}
