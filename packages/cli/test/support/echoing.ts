import * as http from "node:http"
import * as Effect from "effect/Effect"
import { message, messageStart, text, toolUse } from "@parley/harness/Events"

/** Where a server repeats the credentials it was sent. */
export type Way = "answers" | "calls" | keyof typeof repeats

type Send = (response: http.ServerResponse, secret: string) => void

const json = (status: number, type: string): Send => {
  return (response, secret) =>
    response
      .writeHead(status, { "content-type": "application/json", "request-id": `req ${secret}` })
      .end(JSON.stringify({ type: "error", error: { type, message: `invalid x-api-key: ${secret}` } }))
}

const repeats = {
  unauthorized: json(401, "authentication_error"),
  "bad request": json(400, "invalid_request_error"),
  page: (response, secret) =>
    response.writeHead(403, { "content-type": "text/html" }).end(`<html>${secret} may not come in</html>`),
  redirect: (response, secret) =>
    response.writeHead(302, { location: `http://127.0.0.1:9/${secret}`, "x-request-id": secret }).end(),
  "in the stream": (response, secret) => {
    const error = { type: "error", error: { type: "authentication_error", message: `key ${secret} was revoked` } }
    response.writeHead(200, { "content-type": "text/event-stream", "request-id": secret })
    response.end(`${messageStart()}${text(0, "I was about to")}event: error\ndata: ${JSON.stringify(error)}\n\n`)
  },
  "not an event": (response, secret) =>
    response.writeHead(200, { "content-type": "text/event-stream" }).end(`data: ${secret}\n\n`)
} satisfies { readonly [way: string]: Send }

export const ways: ReadonlyArray<keyof typeof repeats> = [
  "unauthorized",
  "bad request",
  "page",
  "redirect",
  "in the stream",
  "not an event"
]

const sse = { "content-type": "text/event-stream" }

/** A provider, and under `/mcp` a tool server, that repeat what they were sent to prove who sends it. */
export const echoing = Effect.gen(function* () {
  const state: { way: Way; readonly received: Array<string> } = { way: "answers", received: [] }
  const server = http.createServer((request, response) => {
    const secret = String(request.headers["x-api-key"] ?? request.headers.authorization ?? "none").replace(
      "Bearer ",
      ""
    )
    state.received.push(secret)
    request.resume().on("end", () => {
      if (request.url?.startsWith("/mcp") === true) repeats.unauthorized(response, secret)
      else if (state.way === "answers") response.writeHead(200, sse).end(message("end_turn", text(0, "done")))
      else if (state.way === "calls") {
        state.way = "answers"
        response.writeHead(200, sse).end(message("tool_use", toolUse(0, "toolu_1", "everything__get-env", "{}")))
      } else repeats[state.way](response, secret)
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  return { url, state }
})
