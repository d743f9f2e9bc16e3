import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { clientOf, stored } from "../src/internal/OAuthClients.ts"
import { type Client, emptyRecord, type LoginRecord, sameIssuer, serverKey } from "../src/LoginRecord.ts"
import { update } from "../src/LoginStore.ts"
import * as McpAuth from "../src/McpAuth.ts"

const as = "https://as.example"
const url = "https://one.example/mcp"

describe("what logins are kept by", () => {
  it("is the whole address of a server but its fragment", () => {
    assert.strictEqual(serverKey("HTTPS://One.example:443/mcp?a=b#c"), "https://one.example/mcp?a=b")
    assert.notStrictEqual(serverKey(url), serverKey(`${url}/`))
    assert.notStrictEqual(serverKey(url), serverKey(`${url}?a`))
  })

  it("is an authorization server as it is written, but for a slash at the end", () => {
    assert.isTrue(sameIssuer(as, `${as}/`))
    assert.isTrue(sameIssuer(`${as}/`, as))
    assert.isTrue(sameIssuer(`${as}/a`, `${as}/a`))
    for (const other of [`${as}//`, `${as}/a`, `${as}.evil`, "http://as.example", "https://AS.example"])
      assert.isFalse(sameIssuer(as, other), other)
  })
})

describe("logins that end with the process", () => {
  it.effect("are kept apart by address, whoever asks for them", () =>
    Effect.gen(function* () {
      const store = McpAuth.inMemory()
      yield* update(store.login(url), (record) => ({ ...record, neededScope: "admin" }))
      assert.deepStrictEqual(yield* store.login(`${url}#part`).read, {
        ...emptyRecord(serverKey(url)),
        neededScope: "admin"
      })
      assert.deepStrictEqual(yield* store.login(`${url}/other`).read, emptyRecord(`${url}/other`))
      assert.deepStrictEqual(yield* McpAuth.inMemory().login(url).read, emptyRecord(url))
    })
  )

  it.effect("are changed by one at a time, and forgotten whole", () =>
    Effect.gen(function* () {
      const store = McpAuth.inMemory()
      const add = (scope: string) =>
        store.login(url).alone(({ read, write }) =>
          Effect.gen(function* () {
            const record = yield* read
            yield* Effect.yieldNow
            yield* write({ ...record, neededScope: `${record.neededScope ?? ""}${scope}` })
          })
        )
      yield* Effect.all(["a", "b", "c"].map(add), { concurrency: "unbounded" })
      assert.strictEqual((yield* store.login(url).read).neededScope, "abc")
      assert.isTrue(yield* store.login(url).remove)
      assert.isFalse(yield* store.login(url).remove)
      assert.deepStrictEqual(yield* store.login(url).read, emptyRecord(url))
    })
  )
})

describe("what Parley is to an authorization server", () => {
  const redirect = "http://127.0.0.1:1000/callback"
  const having = (client: Client): LoginRecord => ({ ...emptyRecord(url), clients: { [as]: client } })
  const registered = having({ id: "c1", redirect })

  it("is the configured client, at the server that it was first used at and at no other", () => {
    const own = { clientId: "mine", clientSecret: "s" }
    const record = { ...registered, configuredAt: as }
    const mine = { client_id: "mine", client_secret: "s" }
    assert.deepStrictEqual(clientOf(registered, own, as), { ...mine, issuer: as })
    assert.deepStrictEqual(clientOf(record, own, `${as}/`), { ...mine, issuer: `${as}/` })
    assert.deepStrictEqual(clientOf(record, { clientId: "mine" }, as), { client_id: "mine", issuer: as })
    assert.isUndefined(clientOf(record, own, "https://other.example"))
    assert.deepStrictEqual(clientOf({ ...record, configuredAt: "https://other.example" }, own, as), {
      client_id: "c1",
      issuer: as
    })
    assert.isUndefined(clientOf(record, own, undefined))
  })

  it("is else the one that is registered there, where the browser may come back to this place", () => {
    assert.strictEqual(clientOf(registered, {}, `${as}/`)?.client_id, "c1")
    assert.strictEqual(clientOf(registered, {}, as, redirect)?.client_id, "c1")
    assert.isUndefined(clientOf(registered, {}, as, "http://127.0.0.1:2000/callback"))
    assert.isUndefined(clientOf(registered, {}, "https://other.example"))
    // One that is known by a document, which names every port, was never registered for one.
    const clientMetadataUrl = "https://parley.example/client.json"
    const known = having({ id: clientMetadataUrl })
    assert.strictEqual(clientOf(known, { clientMetadataUrl }, as, redirect)?.client_id, clientMetadataUrl)
    assert.isUndefined(clientOf(known, {}, as, redirect))
  })

  it("is stored as it was registered, with its secret where that is not shown, and not where it is configured", () => {
    const information = { client_id: "c2", client_secret: "canary", token_endpoint_auth_method: "client_secret_post" }
    const record = stored.saveClient(information, "https://other.example", redirect, {})(registered)
    assert.deepStrictEqual(Object.keys(record.clients), [as, "https://other.example"])
    assert.notInclude(JSON.stringify(record), "canary")
    assert.deepStrictEqual(clientOf(record, {}, "https://other.example", redirect), {
      ...information,
      issuer: "https://other.example"
    })
    const bare = stored.saveClient({ client_id: "c3" }, as, redirect, {})(registered)
    assert.deepStrictEqual(bare.clients, { [as]: { id: "c3", redirect } })
    assert.deepStrictEqual(stored.saveClient(information, as, redirect, { clientId: "c2" })(registered), registered)
  })

  it("and its tokens can be forgotten, each without the other", () => {
    const tokens = { access: Redacted.make("t", { label: "oauth" }), type: "Bearer", issuer: as }
    const record = { ...registered, tokens, neededScope: "admin" }
    assert.deepStrictEqual(stored.withoutTokens(record), { ...registered, neededScope: "admin" })
    assert.deepStrictEqual(stored.withoutClients(record), { ...record, clients: {} })
  })
})
