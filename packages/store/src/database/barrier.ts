import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { pragma } from "./connection.ts"

/** Sets how durable the next transaction is: `FULL` for a barrier. Must run before the transaction begins. */
export type Synchronous = (sql: SqlClient, level: "NORMAL" | "FULL") => Effect.Effect<void, SqlError>

/** One for each database: all writers of a connection must know its current setting. */
export const make = (): Synchronous => {
  /** The setting of the latest connection. A new connection has NORMAL. */
  let current: { readonly sql?: SqlClient; readonly level: string } = { level: "NORMAL" }
  return (sql, level) =>
    Effect.suspend(() =>
      level === (current.sql === sql ? current.level : "NORMAL")
        ? Effect.void
        : Effect.map(pragma(sql, `PRAGMA synchronous = ${level}`), () => {
            current = { sql, level }
          })
    )
}
