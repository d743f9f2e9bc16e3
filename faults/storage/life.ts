import { stdout } from "node:process"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import { engine } from "../support/home.ts"

/**
 * A process with the engine in it: sends one message after the other to one session, also after one has failed, and prints
 * how each ended as a line of JSON.
 */
const [data = "", url = "", sessionId = "", ...messages] = process.argv.slice(2)
const print = (value: object) => stdout.write(`${JSON.stringify(value)}\n`)

const program = Effect.gen(function* () {
  const { coordinator, sessions } = yield* engine({ root: data, data, scratch: data }, { url })
  const id = sessionId === "" ? (yield* sessions.create({})).id : SessionId.make(sessionId)
  print({ id })
  for (const request of messages)
    yield* coordinator.handleMessage({ sessionId: id, request }).pipe(
      Effect.match({
        onSuccess: ({ status }) => print({ status }),
        onFailure: (error) =>
          print({ error: error._tag, ...("reason" in error ? { reason: error.reason } : {}), message: error.message })
      })
    )
}).pipe(Effect.scoped)

await Effect.runPromise(program).catch((error: unknown) => print({ died: String(error) }))
print({ id: "peak", kilobytes: String(process.resourceUsage().maxRSS) })
