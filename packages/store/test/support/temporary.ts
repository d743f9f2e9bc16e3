import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqliteSessions from "../../src/sessions/SqliteSessions.ts"
import { FlushInterval } from "../../src/file/StoreSettings.ts"

/** A directory that lives as long as the scope. */
export const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-store-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export const atOnce = Layer.succeed(FlushInterval, Duration.zero)

/** The store on a file of its own, which nothing waits for. */
export const layer = Layer.unwrap(
  Effect.map(directory, (path) => SqliteSessions.layer({ filename: join(path, "sessions.db") }))
).pipe(Layer.provide(atOnce))
