import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { plainLine } from "@parley/domain/VisibleText"

const kinds = {
  noise: "wrote something to its standard output that is not a protocol message",
  reply: "sent a response without a pending request"
}
export type Stray = keyof typeof kinds

/** Records output of a server that is ignored. */
export type Strays = (kind: Stray, times?: number) => void

/**
 * Malformed messages and unsolicited responses are ignored, but reported for debugging: the first of each kind as a warning
 * in the log, and the number of each kind when the scope closes. Kinds in `warned` were reported in an earlier run of the
 * server and are not reported again.
 */
export const makeStrays = Effect.fnUntraced(function* (server: string, warned: Set<Stray>) {
  const name = plainLine(server, 80)
  const counts = new Map<Stray, number>()
  const news = yield* Queue.unbounded<Stray>()
  yield* Queue.take(news).pipe(
    Effect.flatMap((kind) => Effect.logWarning(`the MCP server ${name} ${kinds[kind]}; it was ignored`)),
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
