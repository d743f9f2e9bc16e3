import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { authorize, type Person } from "../src/auth/Authorize.ts"
import { placeOf } from "../src/auth/Addresses.ts"
import { opener } from "../src/auth/WebBrowser.ts"
import { openCallback } from "../src/auth/Callback.ts"
import { loginAddress } from "../src/auth/LoginAddress.ts"
import { loadClient } from "../src/sdk/Sdk.ts"
import { serverFetch } from "../src/sdk/ServerFetch.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { guarded } from "@parley/harness/AuthorizationServer"
import { quickPerson } from "./oauth/People.ts"
import { context, withManager } from "./support.ts"

// @effect-diagnostics-next-line globalFetchInEffect:off -- it plays the browser
const visit = (url: string) => Effect.promise(() => fetch(url).then(({ status }) => status))

describe("the safeguards of a login", () => {
  it.live("requests with the configured headers are sent only to the server", () =>
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

  it.live("the configured headers are not sent to addresses that the server names", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const server = { url: here.url, headers: { "x-key": "canary" } }
      yield* authorize({ server, store: LoginOptions.inMemory(), person: quickPerson().person })
      const paths = here.seen.filter(({ headers }) => headers["x-key"] !== undefined).map(({ path }) => path)
      assert.deepStrictEqual(paths, ["/mcp"])
    })
  )

  it.live("a refresh token is not sent to an authorization server that the server names later", () =>
    Effect.gen(function* () {
      const [here, other] = [yield* guarded, yield* guarded]
      const store = LoginOptions.inMemory()
      const { person } = quickPerson()
      yield* authorize({ server: { url: here.url }, store, person })
      here.expire()
      here.behaviour.resource = { authorization_servers: [other.origin] }
      other.behaviour.metadata = { registration_endpoint: `${other.origin}/register` }
      // Parley has a client registration there, so that only the issuer prevents the renewal.
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
      // A present user registers at the new authorization server and logs in there.
      const { tokens } = yield* login.read
      assert.isUndefined(tokens)
    })
  )

  it.live("the secret of a configured client is sent only to the authorization server at which it was first used", () =>
    Effect.gen(function* () {
      const [here, other] = [yield* guarded, yield* guarded]
      const store = LoginOptions.inMemory()
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

  it.live("a redirect is accepted only at the callback path and with the state of this login", () =>
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

  it.live("a code is not redeemed if the issuer is wrong, or missing although announced", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      here.behaviour.iss = "https://evil.example"
      const login = (person: Person) => authorize({ server: { url: here.url }, store: LoginOptions.inMemory(), person })
      yield* Effect.flip(login(quickPerson().person))
      const bare: Person = { show: () => Effect.void, paste: Effect.succeed("a-code-alone") }
      yield* Effect.flip(login(bare))
      const wrong: Person = {
        show: () => Effect.void,
        paste: Effect.succeed("http://127.0.0.1/callback?code=x&state=y")
      }
      assert.match((yield* Effect.flip(login(wrong))).message, /does not belong to this login/)
      assert.strictEqual(here.count("/token"), 0)
    })
  )

  it.live("a configured authorization header replaces the login", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const servers = { s: { url: here.url, headers: { Authorization: "Bearer canary-own" } } }
      yield* withManager({ servers, auth: { store: LoginOptions.inMemory() } }, (mcp) =>
        Effect.gen(function* () {
          const failed = yield* Effect.flip(mcp.call("s__look", {}, context))
          assert.notInclude(failed.message, "mcp auth")
          assert.match((yield* mcp.servers)[0]?.problem ?? "", /HTTP 401.*`headers`/)
        })
      )
    })
  )

  it("addresses are classified by the network they lead to, however they are written", () => {
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

  it("an address to open contains only characters that are allowed in a URL", () => {
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
      "https://as.example/\u202e",
      "https://as.example/\u3164",
      "https://as.example/\u00a0"
    ])
      assert.isUndefined(opened(text), text)
  })

  it("the browser is $BROWSER, or the default of the system if there is a display", () => {
    assert.deepStrictEqual(opener({ BROWSER: " fire  fox -x " }), ["fire", "fox", "-x"])
    assert.deepStrictEqual(opener({}, "darwin"), ["open"])
    assert.deepStrictEqual(opener({ DISPLAY: ":0" }, "linux"), ["xdg-open"])
    assert.isUndefined(opener({}, "linux"))
    assert.isFalse(opener({}, "win32")?.includes("cmd"))
  })
})
