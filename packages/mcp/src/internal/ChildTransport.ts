import type { Transport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { ChildServer } from "./ChildServer.ts"
import { type ClientSettings, open } from "./Open.ts"
import type { Strays } from "../Strays.ts"
import { makeAwaited } from "./Awaited.ts"
import { loadClient } from "./Sdk.ts"

const lineFeed = 10
const linesIn = (chunk: Buffer): number => {
  let lines = 0
  for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) lines++
  return lines
}

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (child: ChildServer, settings: ClientSettings, strays: Strays) {
  const sdk = yield* loadClient
  const buffer = new sdk.ReadBuffer()
  const awaited = makeAwaited()
  const transport: Transport = {
    start: () => Promise.resolve(),
    send: (message) => {
      awaited.sent(message)
      return child.write(sdk.serializeMessage(message))
    },
    close: () => {
      child.endInput()
      transport.onclose?.()
      return Promise.resolve()
    }
  }
  const read = (lines: number): void => {
    for (let messages = 0; ;) {
      try {
        const message = buffer.readMessage()
        // Lines that are not JSON are skipped by the buffer without a word.
        if (message === null) return strays("noise", lines - messages)
        messages++
        // The SDK would take an answer by what its id is as a number.
        if (awaited.takes(message)) transport.onmessage?.(message)
        else strays("reply")
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
    read(linesIn(chunk))
  })
  yield* Effect.forkScoped(Effect.tap(child.ended, () => Effect.sync(() => transport.onclose?.())))
  return yield* open(transport, settings, "legacy")
})
