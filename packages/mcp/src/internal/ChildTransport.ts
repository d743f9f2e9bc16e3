import type { Transport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { ChildServer } from "./ChildServer.ts"
import { lineLimits, makeLineReader } from "./MessageLines.ts"
import { type ClientSettings, open } from "./Open.ts"
import { loadClient } from "./Sdk.ts"
import { answerTooLarge } from "./SdkFailure.ts"

const tooLarge = `the answer was larger than ${lineLimits.message / 1024 / 1024} MiB and was not read`

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (child: ChildServer, settings: ClientSettings) {
  const sdk = yield* loadClient
  const transport: Transport = {
    start: () => Promise.resolve(),
    send: (message) => child.write(sdk.serializeMessage(message)),
    close: () => {
      child.endInput()
      transport.onclose?.()
      return Promise.resolve()
    }
  }
  const read = (line: string): void => {
    try {
      transport.onmessage?.(sdk.deserializeMessage(line))
    } catch (cause) {
      // A line that is no message; the lines after it are read on. One that is not even JSON is noise, and no news.
      if (!(cause instanceof SyntaxError))
        transport.onerror?.(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }
  const lines = makeLineReader({
    onLine: read,
    onTooLarge: (id) => {
      // The request has an answer, though nobody can use it. When it is not known which one, that waits for its own limit.
      if (id !== undefined)
        transport.onmessage?.({ jsonrpc: "2.0", id, error: { code: answerTooLarge, message: tooLarge } })
    },
    onEndless: () => void transport.close()
  })
  child.onData(lines)
  yield* Effect.forkScoped(Effect.tap(child.ended, () => Effect.sync(() => transport.onclose?.())))
  return yield* open(transport, settings, "legacy")
})
