import * as http from "node:http"
import * as net from "node:net"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export const listening = (server: net.Server, end: () => void): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        end()
      })
  )

export interface Raw {
  readonly port: number
  readonly url: string
  /** The received data, by connection. */
  readonly heard: Array<string>
  /** Succeeds when a connection has been closed. */
  readonly closed: Deferred.Deferred<void>
  /** Succeeds when data has arrived. */
  readonly asked: Deferred.Deferred<void>
}

/** A server that calls a function with each connection, once the first bytes of a request have arrived. */
export const raw = (act: (socket: net.Socket) => void): Effect.Effect<Raw, never, Scope.Scope> =>
  Effect.gen(function* () {
    const heard: Array<string> = []
    const sockets = new Set<net.Socket>()
    const closed = yield* Deferred.make<void>()
    const asked = yield* Deferred.make<void>()
    const server = net.createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
      const place = heard.push("") - 1
      socket.on("data", (data) => {
        const isFirst = heard[place] === ""
        heard[place] += data.toString("latin1")
        Deferred.doneUnsafe(asked, Effect.void)
        if (isFirst) act(socket)
      })
    })
    const port = yield* listening(server, () => sockets.forEach((socket) => socket.destroy()))
    return { port, url: `http://127.0.0.1:${port}/`, heard, closed, asked }
  })

/** A server that sends these bytes on each connection, and then leaves it open or ends it. */
export const saying = (bytes: string | Uint8Array, last: "open" | "end" | "cut" = "open") =>
  raw((socket) => {
    socket.write(bytes, () => {
      if (last === "end") socket.end()
      if (last === "cut") socket.resetAndDestroy()
    })
  })

/** Writes the same data repeatedly, as fast as it is read. */
export const flood = (socket: net.Socket, piece: string | Uint8Array): void => {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
    socket.once("drain", () => setImmediate(more))
  }
  more()
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** The number of its connection. */
  readonly connection: number
}

/** An ordinary server that records its requests. */
export const web = (
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => void
): Effect.Effect<{ readonly url: string; readonly port: number; readonly seen: Array<Seen> }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const connections = new Map<net.Socket, number>()
    const server = http.createServer((request, response) => {
      const { headers, method = "", socket, url = "" } = request
      connections.set(socket, connections.get(socket) ?? connections.size)
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        const body = Buffer.concat(parts).toString("utf8")
        seen.push({ method, url, headers, body, connection: connections.get(socket) ?? -1 })
        answer(request, response)
      })
    })
    const port = yield* listening(server, () => server.closeAllConnections())
    return { port, url: `http://127.0.0.1:${port}/`, seen }
  })
