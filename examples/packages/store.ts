import { SessionManager } from "@parley/domain/SessionManager"
import * as SecureIds from "@parley/store/SecureIds"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Console, Effect, Layer } from "effect"

const program = Effect.gen(function* () {
  const sessions = yield* SessionManager
  yield* sessions.create({ title: "Apples" })
  const [latest] = yield* sessions.list({ limit: 1 })
  yield* Console.log(latest?.title)
})

const Sessions = SqliteSessions.layer({ filename: "sessions.db" }).pipe(Layer.provide(SecureIds.layer))
Effect.runFork(Effect.provide(program, Sessions))
