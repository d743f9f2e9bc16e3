import { timingSafeEqual } from "node:crypto"
import { createServer, type Server } from "node:http"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { LoginFailed } from "../LoginErrors.ts"

const path = "/callback"

export interface Callback {
  /** Where the browser is to come back to. */
  readonly url: string
  /** What it brought, once it has come with the right state. */
  readonly answer: Effect.Effect<URLSearchParams>
}

const same = (left: string, right: string): boolean => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether what came back is the answer to this login, whoever brought it. */
export const isAnswer = (params: URLSearchParams, state: string): boolean =>
  same(params.get("state") ?? "", state) && (params.has("code") || params.has("error"))

const page = (text: string): string => `<!doctype html><meta charset="utf-8"><title>Parley</title><p>${text}</p>`
const headers = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'",
  "referrer-policy": "no-referrer",
  connection: "close"
}

const listen = (server: Server, port: number) =>
  Effect.callback<number, LoginFailed>((resume) => {
    const failed = (error: Error) =>
      resume(Effect.fail(new LoginFailed({ problem: `127.0.0.1:${port} cannot be listened on: ${error.message}` })))
    server.once("error", failed)
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

/**
 * Waits on 127.0.0.1 for the browser, until the scope ends. Requests to other paths, for other hosts, or with another state
 * than that of this login are refused, and change nothing.
 */
export const openCallback = Effect.fnUntraced(function* (state: string, port: number) {
  const answered = yield* Deferred.make<URLSearchParams>()
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer()),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  const bound = yield* listen(server, port)
  const url = `http://127.0.0.1:${bound}${path}`
  server.on("request", (request, response) => {
    const target = URL.parse(request.url ?? "", url)
    const expected = request.method === "GET" && request.headers.host === `127.0.0.1:${bound}`
    if (!expected || target?.pathname !== path) return void response.writeHead(404, headers).end(page("Not found."))
    if (!isAnswer(target.searchParams, state))
      return void response.writeHead(400, headers).end(page("This is not the answer to a login that is under way."))
    const words = target.searchParams.has("code") ? "Parley goes on in the terminal" : "The login was refused"
    response.writeHead(200, headers).end(page(`${words}. This window can be closed.`))
    Deferred.doneUnsafe(answered, Effect.succeed(target.searchParams))
  })
  return { url, answer: Deferred.await(answered) } satisfies Callback
})
