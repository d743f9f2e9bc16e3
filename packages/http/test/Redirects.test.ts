import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { answered, client, failed } from "./support/asking.ts"
import { web } from "./support/servers.ts"

const secrets = {
  authorization: "Bearer canary",
  cookie: "a=canary",
  "x-api-key": "canary",
  "x-of-my-own": "canary",
  "content-type": "text/canary-free"
}

describe("a redirect", () => {
  it.live("is followed with the right method, and secrets are not sent to another origin", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const other = yield* web((_request, response) => void response.end("other"))
      const here = yield* web(({ url = "" }, response) => {
        const [, status, to] = url.split("/")
        if (status === "done") return void response.end("here")
        const location = to === "away" ? `${other.url}x` : "/done"
        response.writeHead(Number(status), { location }).end("z".repeat(100_000))
      })
      for (const status of [301, 302, 303, 307, 308])
        for (const to of ["away", "here"]) {
          const init = { method: "POST", body: "what is sent", headers: secrets }
          assert.include(yield* answered(fetch, `${here.url}${status}/${to}`, init), { status: 200 })
          const seen = (to === "away" ? other : here).seen.at(-1)
          const isKept = status > 303
          assert.deepInclude(seen, isKept ? { method: "POST", body: "what is sent" } : { method: "GET", body: "" })
          assert.strictEqual(seen?.headers["content-type"], isKept ? "text/canary-free" : undefined)
          assert.strictEqual(/canary(?!-free)/.test(inspect(seen?.headers)), to === "here")
        }
      assert.strictEqual(yield* Effect.promise(() => fetch(`${here.url}302/here`).then((r) => r.redirected)), true)
      // A method in lower case is the same method.
      yield* answered(fetch, `${here.url}302/here`, { method: "post", body: "what is sent" })
      assert.deepInclude(here.seen.at(-1), { method: "GET", body: "" })
      yield* answered(fetch, `${here.url}303/here`, { method: "HEAD" })
      assert.strictEqual(here.seen.at(-1)?.method, "HEAD")
    })
  )

  it.live("is returned as the response, or fails, if the request specifies that", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const other = yield* web((_request, response) => void response.end("other"))
      const here = yield* web((_request, response) => {
        response.writeHead(307, { location: other.url }).end("moved")
      })
      const manual = yield* answered(fetch, here.url, { redirect: "manual", headers: secrets })
      assert.deepInclude(manual, { status: 307, text: "moved" })
      assert.strictEqual(manual.headers.get("location"), other.url)
      const error = yield* failed(fetch, here.url, { redirect: "error" })
      assert.match(error.message, /redirects, and the request does not allow that/)
      assert.deepStrictEqual(other.seen, [])
    })
  )

  it.live("is not followed to other schemes or in a loop", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      for (const [location, says] of [
        ["file:///etc/passwd", /no address to ask/],
        ["data:text/plain,x", /no address to ask/],
        ["http://user:password@127.0.0.1/", /no address to ask/],
        ["http://[", /no address to ask/],
        ["/round", /redirects for more than 10 times/]
      ] as const) {
        const here = yield* web((_request, response) => void response.writeHead(302, { location }).end())
        const error = yield* failed(fetch, here.url)
        assert.strictEqual(error.reason._tag, "Redirect")
        assert.match(error.message, says)
        assert.isAtMost(here.seen.length, 11)
      }
      const nowhere = yield* web((_request, response) => void response.writeHead(302).end("no address"))
      assert.deepInclude(yield* answered(fetch, nowhere.url), { status: 302, text: "no address" })
    })
  )
})
