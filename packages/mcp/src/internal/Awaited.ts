import type { JSONRPCMessage } from "@modelcontextprotocol/client"

/** Which answers are waited for: each once, under the very id it was asked with, and none after its request was cancelled. */
export interface Awaited {
  readonly sent: (message: JSONRPCMessage) => void
  /** Whether a message can be passed on: anything but an answer that nobody waits for. */
  readonly takes: (message: JSONRPCMessage) => boolean
}

export const makeAwaited = (): Awaited => {
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
