import { join } from "node:path"
import * as SessionManagerContract from "@parley/testing/SessionManagerContract"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { atOnce, directory, layer } from "./support/temporary.ts"

SessionManagerContract.suite("SqliteSessions", {
  layer,
  reopen: Effect.map(directory, (path) =>
    Layer.provide(SqliteSessions.layer({ filename: join(path, "sessions.db") }), atOnce)
  )
})
