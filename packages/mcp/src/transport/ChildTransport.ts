import type { RequestId, Transport, JSONRPCMessage } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Strays } from "./ProtocolNoise.ts"
import { coalescedMillis } from "./Changes.ts"
import type { ChildServer } from "./ChildServer.ts"
import { makeInbox } from "./Inbox.ts"
import { lineLimits, makeLineReader } from "../text/MessageLines.ts"
import { makeGate, makeRepeatGate } from "./NotificationGate.ts"
import { type ClientSettings, open, type Protocol } from "./Open.ts"
import { loadClient } from "../sdk/Sdk.ts"
import { answerTooLarge } from "../sdk/SdkFailure.ts"

/** The ids of pending requests. Each accepts one response with exactly that id, and none after the request was cancelled. */
interface PendingRequests {
  readonly sent: (message: JSONRPCMessage) => void
  /** Returns false for a response without a pending request, and true for every other message. */
  readonly takes: (message: JSONRPCMessage) => boolean
}

const makePendingRequests = (): PendingRequests => {
  const ids = new Set<unknown>()
  return {
    sent: (message) => {
      if (!("method" in message)) return
      if ("id" in message) ids.add(message.id)
      else if (message.method === "notifications/cancelled") ids.delete(message.params?.["requestId"])
    },
    takes: (message) => "method" in message || ids.delete(message.id)
  }
}

type Sdk = Pick<Effect.Success<typeof loadClient>, "isJSONRPCNotification" | "parseJSONRPCMessage">

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** The result of reading a line: a message, a message that is dropped, or something that is not a message. */
type Read = JSONRPCMessage | "left out" | "noise"

/**
 * Reads one line of a server's output. Validating a message costs far more than reading its method, and allocates more, so
 * `passes` decides before the validation whether a message is dropped.
 */
export const makeReadMessage = (sdk: Sdk, passes: (message: object) => boolean): ((line: string) => Read) => {
  const check = (value: object): Read => {
    // Validate a notification directly, instead of trying the schemas of all other messages first.
    if ("method" in value && !("id" in value)) return sdk.isJSONRPCNotification(value) ? value : "noise"
    return Result.getOrElse(
      Result.try((): Read => sdk.parseJSONRPCMessage(value)),
      () => "noise"
    )
  }
  return (line) => {
    const value = Result.getOrUndefined(decodeJson(line))
    if (typeof value !== "object" || value === null) return "noise"
    return passes(value) ? check(value) : "left out"
  }
}

const tooLarge = `the answer was larger than ${lineLimits.message / 1024 / 1024} MiB and was not read`

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (
  child: ChildServer,
  settings: ClientSettings,
  protocol: Protocol,
  strays: Strays
) {
  const sdk = yield* loadClient
  const pending = makePendingRequests()
  const now = () => performance.now()
  const changes = makeRepeatGate(now, coalescedMillis / 2)
  // The presence of `pid` and `stderr` tells the SDK that this is a child process. If a child process does not respond to a
  // request for a later revision, the SDK assumes that it does not support it. Over HTTP, silence means that the server is
  // down.
  const transport: Transport & { readonly pid: number | undefined; readonly stderr: null } = {
    pid: child.pid,
    stderr: null,
    start: () => Promise.resolve(),
    send: (message) => {
      pending.sent(message)
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
    // A line that is not a message, whether or not it is JSON, is skipped, and reading continues with the next line.
    if (message === "noise") return strays("noise")
    // The SDK converts the id of a response to a number, so it would accept a response with a different id.
    if (!pending.takes(message)) return strays("reply")
    if ("result" in message) child.markInitialized()
    transport.onmessage?.(message)
  }
  // The request has a response that is too large to read, so it fails. If its id is unknown, the request waits for its
  // timeout.
  const refuse = (id: RequestId): void =>
    transport.onmessage?.({ jsonrpc: "2.0", id, error: { code: answerTooLarge, message: tooLarge } })
  const inbox = makeInbox<() => void>((take) => take(), child.pauseReading)
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
