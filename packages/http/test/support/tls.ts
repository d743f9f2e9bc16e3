import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:https"
import type { Duplex } from "node:stream"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { listening } from "./servers.ts"

const run = promisify(execFile)

/** A key and a certificate for `localhost` and 127.0.0.1, made for this run, and the file that the certificate is in. */
export const credentials = Effect.acquireRelease(
  Effect.promise(() => {
    const directory = mkdtempSync(join(tmpdir(), "parley-http-tls-"))
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")]
    return run(
      "openssl",
      [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost".split(" "),
        ["-addext", "subjectAltName=DNS:localhost,DNS:far.example,IP:127.0.0.1", "-keyout", key, "-out", cert]
      ].flat()
    ).then(() => ({ directory, file: cert, key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") }))
  }),
  ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

export interface Secured {
  readonly port: number
  /** The certificate's file. */
  readonly file: string
  readonly server: Server
  /** Connections so far. */
  readonly connections: () => number
}

/** An https server that responds with the request that it received. */
export const secured: Effect.Effect<Secured, never, Scope.Scope> = Effect.gen(function* () {
  const { cert, file, key } = yield* credentials
  const sockets = new Set<Duplex>()
  const server = createServer({ cert, key }, (request, response) => {
    const header = request.headers["proxy-authorization"] ?? "none"
    request.resume().on("end", () => void response.end(`${request.method} ${request.url} ${header}`))
  })
  server.on("connection", (socket) => sockets.add(socket))
  const port = yield* listening(server, () => sockets.forEach((socket) => socket.destroy()))
  return { port, file, server, connections: () => sockets.size }
})
