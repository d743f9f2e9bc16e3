import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import { Console, Effect } from "effect"

const program = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const { id } = yield* sessions.create({ title: "Apples" })
  const { rounds } = SessionFold.fromEvents(id, yield* sessions.read(id, 0))
  yield* Console.log(`${id} has ${rounds.length} rounds`)
})

Effect.runFork(Effect.provide(program, SessionManager.layerMemory))
