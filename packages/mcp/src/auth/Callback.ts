import { timingSafeEqual } from "node:crypto"
import type { Server } from "node:http"
import process from "node:process"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { LoginFailed } from "../sdk/LoginErrors.ts"

const path = "/callback"

export interface Callback {
  /** The redirect address for the browser. */
  readonly url: string
  /** The query parameters of the first redirect that has the right state. */
  readonly answer: Effect.Effect<URLSearchParams>
}

const same = (left: string, right: string): boolean => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether the parameters of a redirect belong to this login: they have its `state`, and a `code` or an `error`. */
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
      resume(Effect.fail(new LoginFailed({ problem: `cannot listen on 127.0.0.1:${port}: ${error.message}` })))
    server.once("error", failed)
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

/**
 * Listens on 127.0.0.1 for the redirect of the browser until the scope ends. Port 0 means any free port. Requests to other
 * paths, for other hosts, or with another state than that of this login are refused and have no effect.
 */
export const openCallback = Effect.fnUntraced(function* (state: string, port: number) {
  const answered = yield* Deferred.make<URLSearchParams>()
  const server = yield* Effect.acquireRelease(
    // An import of this module would load all of Node's `fetch`, in every process that could log in.
    Effect.sync(() => process.getBuiltinModule("node:http").createServer()),
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
      return void response.writeHead(400, headers).end(page("This address does not belong to a login in progress."))
    const words = target.searchParams.has("code") ? "Continue in the terminal" : "The login was refused"
    response.writeHead(200, headers).end(page(`${words}. You can close this window.`))
    Deferred.doneUnsafe(answered, Effect.succeed(target.searchParams))
  })
  return { url, answer: Deferred.await(answered) } satisfies Callback
})
