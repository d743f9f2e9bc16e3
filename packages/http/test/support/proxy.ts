import * as http from "node:http"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { listening } from "./servers.ts"

/**
 * A proxy on a free loopback port. It records its requests, and connects every tunnel to the same port of this machine, as
 * if this were the requested host.
 */
export const proxying = (
  to: number,
  options: {
    /** The response that it sends instead of opening a tunnel. */
    readonly refusal?: string
    /** Whether it never responds. */
    readonly mute?: true
  } = {}
) =>
  Effect.gen(function* () {
    const asked: Array<{ readonly line: string; readonly authorization: string | undefined }> = []
    const tunnels = new Set<Duplex>()
    const hanging = yield* Deferred.make<void>()
    const closed = yield* Deferred.make<void>()
    const server = http.createServer((request, response) => {
      asked.push({
        line: `${request.method} ${request.url}`,
        authorization: request.headers["proxy-authorization"]
      })
      request.resume().on("end", () => {
        if (options.refusal !== undefined) return void response.writeHead(Number(options.refusal.slice(0, 3))).end("no")
        response.end(`forwarded ${request.headers.host}`)
      })
    })
    server.on("connect", (request, socket: Duplex) => {
      asked.push({ line: `CONNECT ${request.url}`, authorization: request.headers["proxy-authorization"] })
      tunnels.add(socket)
      socket.on("error", () => socket.destroy())
      // Node leaves this half open.
      socket.on("end", () => socket.end())
      socket.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
      // A socket that is not read does not notice that the other side has closed it.
      if (options.mute === true) return void (socket.resume(), Deferred.doneUnsafe(hanging, Effect.void))
      if (options.refusal !== undefined)
        return void socket.end(`HTTP/1.1 ${options.refusal}\r\ncontent-length: 2\r\n\r\nno`)
      const far = net.connect(to, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
        far.pipe(socket).pipe(far)
      })
      socket.on("close", () => far.destroy())
      far.on("error", () => socket.destroy())
      far.on("close", () => socket.destroy())
    })
    const port = yield* listening(server, () => {
      server.closeAllConnections()
      for (const socket of tunnels) socket.destroy()
    })
    return { port, url: `http://127.0.0.1:${port}`, asked, hanging, closed, tunnels: () => tunnels.size }
  })
