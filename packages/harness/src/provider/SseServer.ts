import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as http from "node:http"
import { listening } from "./listening.ts"

export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Written one after the other, each flushed before the next. */
  readonly body?: ReadonlyArray<string | Uint8Array>
  /** Writes nothing, neither a status nor headers, and proceeds to `last` immediately. */
  readonly mute?: true
  /**
   * `end` properly, at once or `late`, `cut` the socket, `reset` it (RST), `fin` it (FIN, within the body), or `hang` until
   * the client goes.
   */
  readonly last?: "end" | "late" | "cut" | "reset" | "fin" | "hang"
  /** Written repeatedly while the response hangs. */
  readonly drip?: { readonly piece: string; readonly millis: number }
}

export interface Received {
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** Succeeds when the connection of the request is closed. */
  readonly closed: Deferred.Deferred<void>
  /** The connection, to see whether two requests shared one. */
  readonly connection: number
  /** When the complete request had arrived, in milliseconds of the monotonic clock. */
  readonly at: number
}

export interface SseServer {
  readonly url: string
  readonly received: ReadonlyArray<Received>
  /** Succeeds when everything of a reply that hangs has been written. */
  readonly hanging: Deferred.Deferred<void>
}

const write = (response: http.ServerResponse, reply: Reply, onHang: () => void): void => {
  const left = (reply.body ?? []).values()
  const next = (): void => {
    const { done, value } = left.next()
    if (done !== true) response.write(value, next)
    else if (reply.last === "cut") response.socket?.destroy()
    else if (reply.last === "reset") response.socket?.resetAndDestroy()
    else if (reply.last === "fin") response.socket?.end()
    else if (reply.last === "hang") hang()
    // @effect-diagnostics-next-line globalTimers:off -- a Node callback, outside of any Effect
    else if (reply.last === "late") setTimeout(() => response.end(), 20)
    else response.end()
  }
  const hang = (): void => {
    onHang()
    const { drip } = reply
    if (drip === undefined) return
    // @effect-diagnostics-next-line globalTimers:off -- a Node callback, outside of any Effect
    const timer = setInterval(() => response.write(drip.piece), drip.millis)
    response.once("close", () => clearInterval(timer))
  }
  if (reply.mute === true) return next()
  response.writeHead(reply.status ?? 200, { "content-type": "text/event-stream; charset=utf-8", ...reply.headers })
  response.flushHeaders()
  next()
}

/**
 * A server on a free loopback port that sends the given replies to POST requests, byte for byte. The last one is repeated.
 */
export const serve = (...replies: ReadonlyArray<Reply>): Effect.Effect<SseServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const hanging = Deferred.makeUnsafe<void>()
    const connections = new WeakMap<object, number>()
    let opened = 0
    const server = http.createServer((request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        const closed = Deferred.makeUnsafe<void>()
        request.socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
        received.push({
          url: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(parts).toString("utf8"),
          closed,
          connection: connections.get(request.socket) ?? 0,
          at: performance.now()
        })
        const reply = replies[Math.min(received.length, replies.length) - 1] ?? {}
        write(response, reply, () => Deferred.doneUnsafe(hanging, Effect.void))
      })
    })
    server.on("connection", (socket) => {
      connections.set(socket, ++opened)
      // Each request of a connection adds a listener for its end, and a test may send any number of requests.
      socket.setMaxListeners(0)
    })
    const port = yield* listening(server)
    return { url: `http://127.0.0.1:${port}`, received, hanging }
  })
