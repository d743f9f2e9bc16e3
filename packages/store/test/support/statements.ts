import { DatabaseSync } from "node:sqlite"
import { vi } from "@effect/vitest"
import * as Effect from "effect/Effect"

const watched = /^(BEGIN IMMEDIATE|COMMIT|ROLLBACK|PRAGMA synchronous.*)$/

/**
 * The transaction control and the barriers that the connections of this process have executed since, in order. The store
 * prepares these anew each time, and SQLite sets `synchronous` while it prepares.
 */
export const record = Effect.acquireRelease(
  Effect.sync(() => vi.spyOn(DatabaseSync.prototype, "prepare")),
  (spy) => Effect.sync(() => spy.mockRestore())
).pipe(Effect.map((spy) => () => spy.mock.calls.map(([text]) => text).filter((text) => watched.test(text))))
