import type { Transport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { ChildServer } from "./ChildServer.ts"
import { type ClientSettings, open, type Protocol } from "./Open.ts"
import { loadClient } from "./Sdk.ts"

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (
  child: ChildServer,
  settings: ClientSettings,
  protocol: Protocol
) {
  const sdk = yield* loadClient
  const buffer = new sdk.ReadBuffer()
  // The SDK knows by these two names that this is a program: one that is silent when it is asked for a later revision is then
  // taken for one that does not know it, which over HTTP would be a server that is down.
  const transport: Transport & { readonly pid: number | undefined; readonly stderr: null } = {
    pid: child.pid,
    stderr: null,
    start: () => Promise.resolve(),
    send: (message) => child.write(sdk.serializeMessage(message)),
    close: () => {
      child.endInput()
      transport.onclose?.()
      return Promise.resolve()
    }
  }
  const read = (): void => {
    for (;;) {
      try {
        const message = buffer.readMessage()
        if (message === null) return
        transport.onmessage?.(message)
      } catch (cause) {
        // One line that is JSON and no message; the lines after it are read on.
        transport.onerror?.(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }
  }
  child.onData((chunk) => {
    try {
      buffer.append(chunk)
    } catch {
      // A line without end: what follows can no longer be told apart.
      return void transport.close()
    }
    read()
  })
  yield* Effect.forkScoped(Effect.tap(child.ended, () => Effect.sync(() => transport.onclose?.())))
  return yield* open(transport, settings, protocol)
})
