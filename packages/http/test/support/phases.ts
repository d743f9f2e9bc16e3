import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Http from "../../src/Http.ts"
import { client } from "./asking.ts"
import { proxying } from "./proxy.ts"
import { flood, raw } from "./servers.ts"

const begun = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
export const never = raw(() => undefined)
export const slowly = raw((socket) => void socket.write(`${begun}begun`))
export const flooding = raw((socket) => {
  socket.write(begun)
  flood(socket, ": x\n".repeat(1000))
})

export interface Phase {
  readonly http: Http.HttpClient
  readonly url: string
  /** Completes when the phase has been reached. If absent, the phase is reached when the response has begun. */
  readonly reached?: Deferred.Deferred<void>
  /** Completes when the connection is closed. */
  readonly closed: Deferred.Deferred<void>
}

type Reaching = Effect.Effect<Phase, never, Scope.Scope>

const direct = (server: typeof never, scheme: "http" | "https", hasHead: boolean): Reaching =>
  Effect.gen(function* () {
    const { asked, closed, url } = yield* server
    return {
      http: yield* client(),
      url: url.replace("http", scheme),
      closed,
      ...(hasHead ? {} : { reached: asked })
    }
  })

/** Requests that stop in a phase before their end. */
export const phases = {
  "TLS is agreed on": direct(never, "https", false),
  "a proxy makes a tunnel": Effect.gen(function* () {
    const { closed, hanging, url } = yield* proxying(0, { mute: true })
    return { http: yield* client({ proxies: { https: url } }), url: "https://far.example/", reached: hanging, closed }
  }),
  "TLS is agreed on through a tunnel": Effect.gen(function* () {
    const far = yield* never
    const { url } = yield* proxying(far.port)
    const http = yield* client({ proxies: { https: url } })
    return { http, url: "https://far.example/", reached: far.asked, closed: far.closed }
  }),
  "the answer has not begun": direct(never, "http", false),
  "the answer comes in": direct(slowly, "http", true),
  "the answer pours in": direct(flooding, "http", true)
} satisfies { readonly [name: string]: Reaching }
