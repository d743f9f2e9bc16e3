import { resolve } from "node:path"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"
import { breaksConnection, typed } from "../file/storageError.ts"
import { configure, connect, type Database, pragma } from "./connection.ts"
import * as DatabaseFile from "../file/databaseFile.ts"
import { inspect } from "./inspect.ts"
import { copyOf } from "./copy.ts"
import { identify, migrate, migrations } from "./migrations.ts"
import { fileAt, inPlace } from "../file/databaseFile.ts"
import { retryBusy } from "./retryBusy.ts"
import { asMade } from "./schema.ts"

/**
 * After a failed write or sync the kernel may treat pages as written that are not on the disk. So the whole content of the
 * log is written again, into the database and with a sync, before anything else is done.
 */
const rewrite = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  yield* pragma(sql, "PRAGMA synchronous = FULL")
  const [row] = yield* sql.unsafe<{ readonly busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)").unprepared
  if (row?.busy !== 0)
    return yield* new StorageError({
      operation: "reopen",
      reason: "Busy",
      detail: `other programs are reading ${path}`
    })
  yield* pragma(sql, "PRAGMA synchronous = NORMAL")
})

interface Connection {
  readonly sql: SqlClient
  readonly close: Effect.Effect<void>
}

const connection = <E>(make: Effect.Effect<SqlClient, E, Scope.Scope>): Effect.Effect<Connection, E> =>
  Effect.uninterruptible(
    Effect.flatMap(Scope.make(), (scope) =>
      make.pipe(
        Scope.provide(scope),
        Effect.map((sql) => ({ sql, close: Scope.close(scope, Exit.void) })),
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
    )
  )

/** Opens `filename` until the scope ends, and creates or migrates it if necessary. */
export const open = Effect.fnUntraced(function* (
  filename: string,
  limit: Duration.Duration,
  steps: ReadonlyArray<ReadonlyArray<string>> = migrations
) {
  const path = resolve(filename)

  const initialise = (draft: string) =>
    connect(draft).pipe(
      Effect.tap(configure),
      Effect.tap((sql) => migrate(sql, steps)),
      // Last, so that the draft's tables are in the file itself and not in a separate log.
      Effect.tap((sql) => pragma(sql, "PRAGMA journal_mode = WAL")),
      Effect.asVoid,
      Effect.scoped,
      typed("create", path)
    )

  yield* DatabaseFile.ensure(path, initialise)
  const opened = fileAt(path) ?? ""
  const check = inPlace(path, opened)
  const patiently = retryBusy(limit, path)
  yield* inspect(path).pipe(patiently)

  let current = yield* connection(
    Effect.tap(connect(path).pipe(typed("open", path)), (sql) =>
      Effect.all(
        [
          configure(sql).pipe(typed("open", path), patiently),
          identify(sql, path, steps).pipe(typed("open", path), patiently),
          migrate(sql, steps, copyOf(path)).pipe(typed("migrate", path), patiently),
          (steps === migrations ? asMade(sql, path) : Effect.void).pipe(typed("open", path), patiently),
          pragma(sql, "PRAGMA journal_mode = WAL").pipe(typed("open", path), patiently)
        ],
        { discard: true }
      )
    )
  )
  let broken = false
  yield* Effect.addFinalizer(() => Effect.suspend(() => current.close))

  const reopen = Effect.gen(function* () {
    yield* current.close
    current = yield* connection(
      Effect.tap(connect(path), (sql) =>
        Effect.all([configure(sql), rewrite(sql, path), identify(sql, path, steps)], { discard: true })
      )
    )
    broken = false
  })

  const lock = yield* Semaphore.make(1)
  const run: Database["run"] = (operation) => (use) =>
    check.pipe(
      Effect.andThen(Effect.suspend(() => (broken ? reopen : Effect.void))),
      Effect.andThen(
        Effect.suspend(() =>
          use(current.sql).pipe(
            Effect.tapCause((cause) =>
              Effect.sync(() => {
                if (breaksConnection(cause)) broken = true
              })
            )
          )
        )
      ),
      Semaphore.withPermit(lock),
      typed(operation, path),
      patiently
    )
  return { path, run, inPlace: check, unreadable: "Corrupt", hasPosts: true } satisfies Database
})
