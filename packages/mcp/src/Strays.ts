import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { plainLine } from "./PlainText.ts"

const kinds = {
  noise: "wrote to its standard output what is no message",
  reply: "answered what nobody waits for"
}
export type Stray = keyof typeof kinds

/** Takes note of what a server sent and nobody can use. */
export type Strays = (kind: Stray, times?: number) => void

/**
 * What is of no use disturbs nothing. But whoever looks for a fault in a server is told: the first of each kind is a warning
 * in the log, and with the end of the scope it is said how many there were. What is in `warned` was said in an earlier life of
 * the server, and is not said again.
 */
export const makeStrays = Effect.fnUntraced(function* (server: string, warned: Set<Stray>) {
  const name = plainLine(server, 80)
  const counts = new Map<Stray, number>()
  const news = yield* Queue.unbounded<Stray>()
  yield* Queue.take(news).pipe(
    Effect.flatMap((kind) => Effect.logWarning(`the MCP server ${name} ${kinds[kind]}: that is ignored`)),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Effect.forEach(
      counts,
      ([kind, count]) => Effect.logDebug(`the MCP server ${name} ${kinds[kind]}, ${count} times`),
      {
        discard: true
      }
    )
  )
  return (kind: Stray, times = 1): void => {
    if (times === 0) return
    counts.set(kind, (counts.get(kind) ?? 0) + times)
    if (warned.has(kind)) return
    warned.add(kind)
    Queue.offerUnsafe(news, kind)
  }
})
