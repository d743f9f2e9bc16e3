import { closeSync, openSync } from "node:fs"
import { stdout } from "node:process"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import { engine } from "../../packages/harness/src/sessions/home.ts"

/**
 * A process with an engine. It sends its messages one after the other to one session, even after one has failed, and prints
 * the result of each as a line of JSON. Some messages are commands to the process itself: `(exhaust)` opens files until no
 * file descriptor is left, `(release)` closes them, `(open)` opens the database once more.
 */
const [data = "", url = "", sessionId = "", ...messages] = process.argv.slice(2)
const print = (value: object) => stdout.write(`${JSON.stringify(value)}\n`)

const held: Array<number> = []
const exhaust = Effect.sync(() => {
  try {
    for (;;) held.push(openSync("/dev/null", "r"))
  } catch {
    // Expected: no file descriptor is left.
  }
})
const release = Effect.sync(() => held.splice(0).forEach((file) => closeSync(file)))

const another = engine({ root: data, data, scratch: data }, { url })

const told = <A, E extends { readonly _tag: string; readonly message: string }, R>(
  work: Effect.Effect<A, E, R>,
  success: (value: A) => object
) =>
  work.pipe(
    Effect.match({
      onSuccess: (value) => void print(success(value)),
      onFailure: (error) => {
        const reason = "reason" in error && typeof error.reason === "string" ? { reason: error.reason } : {}
        print({ error: error._tag, ...reason, message: error.message })
      }
    })
  )

const program = Effect.gen(function* () {
  const { coordinator, sessions } = yield* another
  const id = sessionId === "" ? (yield* sessions.create({})).id : SessionId.make(sessionId)
  print({ id })
  for (const request of messages) {
    if (request === "(exhaust)") yield* exhaust
    else if (request === "(release)") yield* release
    else if (request === "(open)") yield* told(Effect.scoped(another), () => ({ status: "opened" }))
    else yield* told(coordinator.handleMessage({ sessionId: id, request }), ({ status }) => ({ status }))
  }
}).pipe(Effect.scoped)

await Effect.runPromise(program).catch((error: unknown) => print({ died: String(error) }))
print({ id: "peak", kilobytes: String(process.resourceUsage().maxRSS) })
