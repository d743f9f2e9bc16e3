import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { httpOptions, transportTo } from "../src/transport/HttpTransport.ts"

const answering = (asked: Array<string>, who: string) => () => {
  asked.push(who)
  return Promise.resolve(new Response("ok"))
}

describe("the options of an HTTP transport", () => {
  it.effect("are the configured headers or the login, which uses its own fetch", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const headers = { "x-key": "k" }
      const plain = httpOptions(headers, undefined, answering(asked, "plain"))
      assert.deepInclude(plain, { requestInit: { headers } })
      assert.notProperty(plain, "authProvider")
      yield* Effect.promise(() => plain.fetch("http://127.0.0.1/"))
      const authProvider = { token: () => Promise.resolve("t") }
      const login = { authProvider, fetch: answering(asked, "login") }
      const own = httpOptions(headers, login, answering(asked, "plain"))
      assert.deepInclude(own, { authProvider })
      assert.notProperty(own, "requestInit")
      yield* Effect.promise(() => own.fetch("http://127.0.0.1/"))
      assert.deepStrictEqual(asked, ["plain", "login"])
    })
  )

  it.effect("require a valid address, otherwise the server is down with the reason", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* transportTo("http://a.example/", ({ host }) => host), "a.example")
      const { problem } = yield* Effect.flip(transportTo("no address", ({ host }) => host))
      assert.match(problem, /^the address is not usable: .*Invalid URL/)
    })
  )
})
