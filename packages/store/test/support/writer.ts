import { callId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as SqliteSessions from "../../src/sessions/SqliteSessions.ts"
import * as Layer from "effect/Layer"
import { at, delta, turn } from "./events.ts"
import { atOnce } from "./temporary.ts"

/** A process that makes one session in the database it is given and appends to it as often as it is told. */
const [filename = "", count = "0"] = process.argv.slice(2)

const program = SessionManager.use((sessions) =>
  Effect.gen(function* () {
    const { id } = yield* sessions.create({ title: String(process.pid) })
    for (let after = 0; after < Number(count); after++)
      yield* sessions.append(id, at(after), [
        after % 10 === 0 ? { _tag: "ToolStarted", callId: callId(turn, after) } : delta("x", turn)
      ])
  })
)

await Effect.runPromise(Effect.provide(program, Layer.provide(SqliteSessions.layer({ filename }), atOnce)))
