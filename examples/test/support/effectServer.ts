import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { Effect, Layer, Schema } from "effect"
import { McpProtocol, McpServer, Tool, Toolkit } from "effect/ai"
import { HttpRouter } from "effect/http"

const Kit = Toolkit.make(
  Tool.make("area", {
    description: "The area of a rectangle",
    parameters: Schema.Struct({ width: Schema.Finite, height: Schema.Finite }),
    success: Schema.Struct({ area: Schema.Finite })
  })
)

const offers = Layer.mergeAll(
  McpServer.toolkit(Kit).pipe(
    Layer.provide(Kit.toLayer({ area: ({ height, width }) => Effect.succeed({ area: width * height }) }))
  ),
  McpServer.resource({
    uri: "notes://one",
    name: "one",
    mimeType: "text/plain",
    content: Effect.succeed("the first note")
  }),
  McpServer.prompt({
    name: "greet",
    parameters: { who: Schema.String },
    content: ({ who }) => Effect.succeed(`Greet ${who}`)
  })
)

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "")
  return headers
}

const bodyOf = (incoming: IncomingMessage): Promise<Buffer> => {
  const { promise, reject, resolve } = Promise.withResolvers<Buffer>()
  const pieces: Array<Buffer> = []
  incoming.on("data", (piece: Buffer) => pieces.push(piece))
  incoming.on("end", () => resolve(Buffer.concat(pieces)))
  incoming.on("error", reject)
  return promise
}

/**
 * Effect's own MCP server, a third-party implementation, on a loopback port. It supports the 2026 and 2025 revisions of the
 * protocol. Returns its address, and the revisions of the received requests.
 */
export const effectServer = Effect.gen(function* () {
  const { dispose, handler } = HttpRouter.toWebHandler(
    McpServer.layerHttp({
      name: "effect",
      version: "1",
      path: "/mcp",
      protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
      registrations: offers
    }),
    { disableLogger: true }
  )
  const revisions = new Set<string>()
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD"
    const headers = headersOf(incoming)
    const revision = headers.get("mcp-protocol-version")
    if (revision !== null) revisions.add(revision)
    return (hasBody ? bodyOf(incoming) : Promise.resolve(undefined))
      .then((body) =>
        handler(
          new Request(`http://127.0.0.1${incoming.url}`, {
            method: incoming.method ?? "GET",
            headers,
            ...(body === undefined ? {} : { body: new Uint8Array(body) })
          })
        )
      )
      .then((response) => {
        outgoing.writeHead(response.status, Object.fromEntries(response.headers))
        if (response.body === null) outgoing.end()
        else Readable.fromWeb(response.body).pipe(outgoing)
      })
  }
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => {
      server.closeAllConnections()
      server.close()
      return dispose()
    })
  )
  const port = yield* Effect.callback<number>((done) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      done(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
  return { url: `http://127.0.0.1:${port}/mcp`, revisions }
})
