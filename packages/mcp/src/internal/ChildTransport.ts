import type { Transport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { ChildServer } from "./ChildServer.ts"
import { makeGate } from "./NotificationGate.ts"
import { type ClientSettings, open } from "./Open.ts"
import { loadClient } from "./Sdk.ts"

/** Milliseconds that are spent on what a server says before anything else may run. */
const slice = 3

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (child: ChildServer, settings: ClientSettings) {
  const sdk = yield* loadClient
  const buffer = new sdk.ReadBuffer()
  const transport: Transport = {
    start: () => Promise.resolve(),
    send: (message) => child.write(sdk.serializeMessage(message)),
    close: () => {
      child.endInput()
      transport.onclose?.()
      return Promise.resolve()
    }
  }
  const passes = makeGate(() => performance.now())
  const turn = { taken: false }
  const read = (): void => {
    const until = performance.now() + slice
    while (performance.now() < until) {
      try {
        const message = buffer.readMessage()
        if (message === null) return child.hold(false)
        if (passes(message)) transport.onmessage?.(message)
      } catch (cause) {
        // One line that is JSON and no message; the lines after it are read on.
        transport.onerror?.(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }
    // A server that never stops talking has its turn again when everybody else has had theirs.
    turn.taken = true
    child.hold(true)
    setImmediate(() => {
      turn.taken = false
      read()
    })
  }
  child.onData((chunk) => {
    try {
      buffer.append(chunk)
    } catch {
      // A line without end: what follows can no longer be told apart.
      return void transport.close()
    }
    if (!turn.taken) read()
  })
  yield* Effect.forkScoped(Effect.tap(child.ended, () => Effect.sync(() => transport.onclose?.())))
  return yield* open(transport, settings, "legacy")
})
