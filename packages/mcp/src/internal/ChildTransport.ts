import type { RequestId, Transport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import { coalescedMillis } from "../Relisting.ts"
import type { Strays } from "../Strays.ts"
import { makeAwaited } from "./Awaited.ts"
import type { ChildServer } from "./ChildServer.ts"
import { makeInbox } from "./Inbox.ts"
import { lineLimits, makeLineReader } from "./MessageLines.ts"
import { makeGate, makeRepeatGate } from "./NotificationGate.ts"
import { type ClientSettings, open, type Protocol } from "./Open.ts"
import { makeReadMessage } from "./ReadMessage.ts"
import { loadClient } from "./Sdk.ts"
import { answerTooLarge } from "./SdkFailure.ts"

const tooLarge = `the answer was larger than ${lineLimits.message / 1024 / 1024} MiB and was not read`

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (
  child: ChildServer,
  settings: ClientSettings,
  protocol: Protocol,
  strays: Strays
) {
  const sdk = yield* loadClient
  const awaited = makeAwaited()
  const now = () => performance.now()
  const changes = makeRepeatGate(now, coalescedMillis / 2)
  // The SDK knows by these two names that this is a program: one that is silent when it is asked for a later revision is then
  // taken for one that does not know it, which over HTTP would be a server that is down.
  const transport: Transport & { readonly pid: number | undefined; readonly stderr: null } = {
    pid: child.pid,
    stderr: null,
    start: () => Promise.resolve(),
    send: (message) => {
      awaited.sent(message)
      changes.asked(message)
      return child.write(sdk.serializeMessage(message))
    },
    close: () => {
      child.endInput()
      transport.onclose?.()
      return Promise.resolve()
    }
  }
  const passes = makeGate(now)
  const messageOf = makeReadMessage(sdk, (message) => passes(message) && changes.isNews(message))
  const read = (line: string): void => {
    const message = messageOf(line)
    if (message === "left out") return
    // A line that is no message, be it JSON or not, is passed over; the lines after it are read on.
    if (message === "noise") return strays("noise")
    // The SDK would take an answer by what its id is as a number.
    if (!awaited.takes(message)) return strays("reply")
    if ("result" in message) child.greeted()
    transport.onmessage?.(message)
  }
  // The request has an answer, though nobody can use it. When it is not known which one, that waits for its own limit.
  const refuse = (id: RequestId): void =>
    transport.onmessage?.({ jsonrpc: "2.0", id, error: { code: answerTooLarge, message: tooLarge } })
  const inbox = makeInbox<() => void>((take) => take(), child.hold)
  const lines = makeLineReader({
    onLine: (line) => inbox.add(() => read(line)),
    onTooLarge: (id) => {
      if (id !== undefined) inbox.add(() => refuse(id))
    },
    onEndless: () => inbox.add(() => void transport.close())
  })
  child.onData((chunk) => {
    lines(chunk)
    inbox.read()
  })
  const end = (): void => {
    inbox.finish()
    transport.onclose?.()
  }
  yield* Effect.forkScoped(Effect.tap(child.ended, () => Effect.sync(end)))
  return yield* open(transport, settings, protocol)
})
