import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { ServerResponse } from "node:http"
import type { Case } from "../suite.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { play, type Seen } from "./kit.ts"
import { ended } from "./look.ts"
import { type Remote, remote, reply } from "./support/remote.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

interface Fault {
  readonly name: string
  readonly act: (out: ServerResponse, id: unknown, session: string | undefined, other: string) => void
  readonly outcome: RegExp
  /** How often the call may arrive, at most. */
  readonly calls?: number
  readonly timeoutMillis?: number
  readonly look?: (at: Remote, seen: Seen) => void
  /** Runs before the next message of the session. */
  readonly afterwards?: (at: Remote) => Effect.Effect<void, unknown>
}

const status =
  (code: number, headers: Record<string, string> = {}, body = "no") =>
  (out: ServerResponse) =>
    void out.writeHead(code, { "content-type": "text/plain", ...headers }).end(body)

const stream = { "content-type": "text/event-stream" }
const count = ({ asked }: Remote, method: string): number => asked.filter((one) => one.method === method).length

const faults: ReadonlyArray<Fault> = [
  {
    name: "401, the token has expired",
    act: status(401, { "www-authenticate": 'Bearer error="invalid_token"' }),
    outcome: /^Failed: .*(authoris|log in|401)/i,
    calls: 2
  },
  { name: "403", act: status(403), outcome: /^Failed: .*(refused access|403)/, calls: 2 },
  {
    name: "404, the session is gone",
    act: (out, id, session) =>
      session === "session-1"
        ? status(404)(out)
        : void out.writeHead(200, { "content-type": "application/json" }).end(reply(id, "in a new session")),
    outcome: /^Succeeded: in a new session$/,
    calls: 2,
    look: (at) => assert.strictEqual(count(at, "initialize"), 2)
  },
  { name: "429", act: status(429, { "retry-after": "30" }), outcome: /^Failed: .*HTTP 429/ },
  { name: "503", act: status(503), outcome: /^Unknown: HTTP 503/ },
  {
    name: "a redirect to another place",
    act: (out, _id, _session, other) => status(307, { location: other })(out),
    outcome: /^Unknown: HTTP 307: .*not followed/
  },
  {
    name: "a page in HTML",
    act: status(200, { "content-type": "text/html" }, "<html><h1>Please log in</h1></html>"),
    outcome: /^Unknown: .*text\/html/
  },
  {
    name: "a stream that is cut",
    act: (out) => {
      out.writeHead(200, stream)
      out.write('event: message\ndata: {"jsonrpc":"2.0","id":', () => out.socket?.destroy())
    },
    outcome: /^Unknown: the connection closed/
  },
  {
    name: "a stream that never ends",
    act: (out) => {
      out.writeHead(200, stream)
      out.write(": still here\n\n")
    },
    outcome: /^Unknown: no answer within 1\.5 s$/,
    timeoutMillis: 1500,
    afterwards: (at) => until("the client lets go of it", () => at.brokenOff() > 0, undefined, 3)
  }
]

/** The call has one result, nothing loops or is sent elsewhere, and the next call is answered. */
export const overHttp = faults.map(
  ({ act, afterwards, calls = 1, look, name, outcome, timeoutMillis = 20_000 }): Case => ({
    id: "M20",
    name,
    needs: ["linux"],
    run: Effect.gen(function* () {
      const other = yield* remote((out) => status(200)(out))
      const at = yield* remote((out, id, session) => act(out, id, session, other.url))
      yield* play({
        servers: () => ({ s: { url: at.url, headers: { "x-token": "canary" }, timeoutMillis } }),
        turns: [["s__act"], ["s__echo"]],
        afterwards: () => afterwards?.(at) ?? Effect.void,
        look: (seen) => {
          ended(outcome, "Succeeded: echo")(seen)
          assert.isAtMost(at.asked.filter(({ tool }) => tool === "act").length, calls)
          assert.isAtMost(count(at, "initialize"), 2)
          assert.deepStrictEqual(other.asked, [])
          for (const { headers } of at.asked) assert.strictEqual(headers["x-token"], "canary")
          promptly(seen.millis, 15_000)
          look?.(at, seen)
        }
      })
    })
  })
)
