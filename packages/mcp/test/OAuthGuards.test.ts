import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { authorize, type Person } from "../src/Authorize.ts"
import { placeOf } from "../src/internal/Addresses.ts"
import { opener } from "../src/internal/Browser.ts"
import { openCallback } from "../src/internal/Callback.ts"
import { loginAddress } from "../src/LoginAddress.ts"
import { loadClient } from "../src/internal/Sdk.ts"
import { serverFetch } from "../src/internal/ServerFetch.ts"
import * as McpAuth from "../src/McpAuth.ts"
import { guarded } from "./oauth/Server.ts"
import { quickPerson } from "./oauth/People.ts"
import { context, withManager } from "./support.ts"

// @effect-diagnostics-next-line globalFetchInEffect:off -- it plays the browser
const visit = (url: string) => Effect.promise(() => fetch(url).then(({ status }) => status))

describe("what guards a login", () => {
  it.live("a request for the server carries the configured headers, and goes nowhere else", () =>
    Effect.gen(function* () {
      const sdk = yield* loadClient
      const [here, other] = [yield* guarded, yield* guarded]
      const ask = serverFetch(sdk, new URL(here.url), { "x-key": "canary" })
      yield* Effect.promise(() => ask(here.url))
      assert.strictEqual(here.seen[0]?.headers["x-key"], "canary")
      const refused = yield* Effect.flip(Effect.tryPromise(() => ask(other.url)))
      assert.match(String(refused.cause), /is not the server/)
      assert.deepStrictEqual(other.seen, [])
    })
  )

  it.live("the headers that are configured for a server reach nobody that it names", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const server = { url: here.url, headers: { "x-key": "canary" } }
      yield* authorize({ server, store: McpAuth.inMemory(), person: quickPerson().person })
      const paths = here.seen.filter(({ headers }) => headers["x-key"] !== undefined).map(({ path }) => path)
      assert.deepStrictEqual(paths, ["/mcp"])
    })
  )

  it.live("a refresh token is not shown to an authorization server that the server has named since", () =>
    Effect.gen(function* () {
      const [here, other] = [yield* guarded, yield* guarded]
      const store = McpAuth.inMemory()
      const { person } = quickPerson()
      yield* authorize({ server: { url: here.url }, store, person })
      here.expire()
      here.behaviour.resource = { authorization_servers: [other.origin] }
      other.behaviour.metadata = { registration_endpoint: `${other.origin}/register` }
      // A client of Parley there, so that nothing but the issuer is in the way.
      const login = store.login(here.url)
      yield* login.alone(({ read, write }) =>
        Effect.flatMap(read, (record) =>
          write({ ...record, clients: { ...record.clients, [other.origin]: { id: "client-1" } } })
        )
      )
      yield* withManager({ servers: { s: { url: here.url } }, auth: { store } }, (mcp) =>
        Effect.gen(function* () {
          yield* mcp.tools
          assert.strictEqual((yield* mcp.servers)[0]?.state, "needs-auth")
        })
      )
      assert.strictEqual(other.count("/token"), 0)
      // Somebody who is there registers at the new one, and logs in there.
      const { tokens } = yield* login.read
      assert.isUndefined(tokens)
    })
  )

  it.live(
    "the secret of a configured client goes to the authorization server it was first used at, and to no other",
    () =>
      Effect.gen(function* () {
        const [here, other] = [yield* guarded, yield* guarded]
        const store = McpAuth.inMemory()
        yield* store
          .login(here.url)
          .alone(({ read, write }) =>
            Effect.flatMap(read, (record) => write({ ...record, configuredAt: "https://first.example" }))
          )
        here.behaviour.resource = { authorization_servers: [other.origin] }
        const oauth = { clientId: "mine", clientSecret: "canary-client-secret" }
        yield* Effect.exit(
          authorize({ server: { url: here.url, oauth }, store, person: quickPerson().person, limit: "1 second" })
        )
        assert.strictEqual(other.count("/register"), 1)
        const sent = other.seen.map(({ body, headers }) => `${headers.authorization} ${body}`).join("\n")
        assert.notInclude(sent, "canary-client-secret")
        assert.notInclude(sent, "mine")
      })
  )

  it.live("what comes back counts only with the state of this login, at its path", () =>
    Effect.gen(function* () {
      const { answer, url } = yield* openCallback("right", 0)
      const waiting = yield* Effect.forkChild(answer, { startImmediately: true })
      assert.strictEqual(yield* visit(`${url}?code=evil&state=wrong`), 400)
      assert.strictEqual(yield* visit(`${url}?code=evil`), 400)
      assert.strictEqual(yield* visit(`${url}?state=right`), 400)
      assert.strictEqual(yield* visit(`${new URL(url).origin}/?code=evil&state=right`), 404)
      assert.strictEqual(yield* visit(`${url}?code=good&state=right`), 200)
      assert.strictEqual((yield* Fiber.join(waiting)).get("code"), "good")
    })
  )

  it.live("an answer with the wrong issuer, or with none where one is promised, is not redeemed", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      here.behaviour.iss = "https://evil.example"
      const login = (person: Person) => authorize({ server: { url: here.url }, store: McpAuth.inMemory(), person })
      yield* Effect.flip(login(quickPerson().person))
      const bare: Person = { show: () => Effect.void, paste: Effect.succeed("a-code-alone") }
      yield* Effect.flip(login(bare))
      const wrong: Person = {
        show: () => Effect.void,
        paste: Effect.succeed("http://127.0.0.1/callback?code=x&state=y")
      }
      assert.match((yield* Effect.flip(login(wrong))).message, /is not the answer to this login/)
      assert.strictEqual(here.count("/token"), 0)
    })
  )

  it.live("a header of one's own is a login already", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const servers = { s: { url: here.url, headers: { Authorization: "Bearer canary-own" } } }
      yield* withManager({ servers, auth: { store: McpAuth.inMemory() } }, (mcp) =>
        Effect.gen(function* () {
          const failed = yield* Effect.flip(mcp.call("s__look", {}, context))
          assert.notInclude(failed.message, "mcp auth")
          assert.match((yield* mcp.servers)[0]?.problem ?? "", /HTTP 401.*`headers`/)
        })
      )
    })
  )

  it("addresses are of the network that they lead to, however they are written", () => {
    const places = {
      "127.8.8.8": "loopback",
      "::ffff:127.0.0.1": "loopback",
      "169.254.169.254": "link-local",
      "fe80::1%eth0": "link-local",
      "2002:a9fe:a9fe::1": "link-local",
      "192.168.1.1": "private",
      "100.64.0.1": "private",
      "fd12::1": "private",
      "0.0.0.0": "nowhere",
      "::": "nowhere",
      "8.8.8.8": "public",
      "2606:4700::1111": "public",
      "64:ff9b::808:808": "public"
    }
    for (const [address, place] of Object.entries(places)) assert.strictEqual(placeOf(address), place, address)
  })

  it("an address to open has nothing in it that an address has not", () => {
    const opened = (text: string) => Result.getOrUndefined(loginAddress(text))
    assert.deepStrictEqual(opened("https://as.example:8443/it's|`so`?a='b'&c=\"d\"#e^f"), {
      url: "https://as.example:8443/it%27s%7C%60so%60?a=%27b%27&c=%22d%22#e%5Ef",
      host: "as.example:8443"
    })
    for (const text of [
      "ssh://as.example/",
      "file:///etc/passwd",
      "javascript:1",
      "data:,",
      "-x",
      "",
      "/a",
      "//as.example"
    ])
      assert.isUndefined(opened(text), text)
    for (const text of [
      "https://me:pw@as.example/",
      "https://as.example/\u001b[2J",
      "https://as.example/a b",
      "https://as.example/\u202e"
    ])
      assert.isUndefined(opened(text), text)
  })

  it("a browser is the one that is chosen, or what the system has where somebody can see it", () => {
    assert.deepStrictEqual(opener({ BROWSER: " fire  fox -x " }), ["fire", "fox", "-x"])
    assert.deepStrictEqual(opener({}, "darwin"), ["open"])
    assert.deepStrictEqual(opener({ DISPLAY: ":0" }, "linux"), ["xdg-open"])
    assert.isUndefined(opener({}, "linux"))
    assert.isFalse(opener({}, "win32")?.includes("cmd"))
  })
})
