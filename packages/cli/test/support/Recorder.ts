import { createServer, request } from "node:http"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { listening } from "@parley/harness/listening"

export interface Recorder {
  readonly url: string
  /** The bodies that passed, byte for byte. */
  readonly bodies: ReadonlyArray<string>
}

/** Passes requests on to `target` and keeps what was really sent: a fake's own journal shows only its idea of it. */
export const recorder = (target: string): Effect.Effect<Recorder, never, Scope> =>
  Effect.suspend(() => {
    const bodies: Array<string> = []
    const server = createServer((incoming, outgoing) => {
      const pieces: Array<Buffer> = []
      incoming.on("data", (piece: Buffer) => pieces.push(piece))
      incoming.on("end", () => {
        const body = Buffer.concat(pieces)
        if (body.length > 0) bodies.push(body.toString("utf8"))
        const { host: _, ...headers } = incoming.headers
        const onward = request(new URL(incoming.url ?? "/", target), { method: incoming.method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        })
        onward.on("error", () => outgoing.destroy())
        onward.end(body)
      })
    })
    return Effect.map(listening(server), (port) => ({ url: `http://127.0.0.1:${port}`, bodies }))
  })
