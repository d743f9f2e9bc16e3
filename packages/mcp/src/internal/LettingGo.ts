import type { Transport } from "@modelcontextprotocol/client"

/**
 * Closes the stream of an answer that nobody waits for any more. In the earlier era of the protocol the SDK says that a
 * request is cancelled and then holds its stream for as long as the server likes, one socket for each such call. What
 * this returns is to be called when the client has connected, for only then is it known where answers go.
 */
export const lettingGo = (transport: Transport): (() => void) => {
  const streams = new Map<unknown, AbortController>()
  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (!("method" in message)) return send(message, options)
    if ("id" in message) {
      // In the later era the SDK has a signal of its own.
      if (options?.requestSignal !== undefined) return send(message, options)
      const stream = new AbortController()
      streams.set(message.id, stream)
      return send(message, { ...options, requestSignal: stream.signal })
    }
    if (message.method === "notifications/cancelled") {
      const id = message.params?.["requestId"]
      // Not the default reason, an error: its stack holds what was being sent.
      streams.get(id)?.abort("cancelled")
      streams.delete(id)
    }
    return send(message, options)
  }
  return () => {
    const deliver = transport.onmessage
    const onmessage: Transport["onmessage"] = (message, extra) => {
      if (!("method" in message)) streams.delete(message.id)
      deliver?.(message, extra)
    }
    Object.assign(transport, { onmessage })
  }
}
