import process from "node:process"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as SqliteSessions from "../../src/sessions/SqliteSessions.ts"

/** Another program that keeps sessions with this package, and has warnings of its own. */
const [filename = ""] = process.argv.slice(2)
const emitter = (): unknown => Reflect.getOwnPropertyDescriptor(process, "emitWarning")?.value
const before = emitter()
process.emitWarning("the program's own, before", "ExperimentalWarning")

const { length } = await Effect.runPromise(
  SessionManager.use((sessions) => Effect.andThen(sessions.create({}), sessions.list({}))).pipe(
    Effect.provide(SqliteSessions.layer({ filename }))
  )
)

process.emitWarning("SQLite is what the program warns of itself, after", "ExperimentalWarning")
process.stdout.write(`${length} session, emitWarning ${emitter() === before ? "kept" : "replaced"}\n`)
