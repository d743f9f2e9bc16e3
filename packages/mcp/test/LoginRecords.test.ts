import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { clientOf, stored } from "../src/auth/OAuthClients.ts"
import { type Client, emptyRecord, type LoginRecord, sameIssuer, serverKey } from "../src/auth/LoginRecord.ts"
import { update } from "../src/auth/LoginStore.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"

const as = "https://as.example"
const url = "https://one.example/mcp"

describe("the key of a stored login", () => {
  it("is the address of the server without the fragment", () => {
    assert.strictEqual(serverKey("HTTPS://One.example:443/mcp?a=b#c"), "https://one.example/mcp?a=b")
    assert.notStrictEqual(serverKey(url), serverKey(`${url}/`))
    assert.notStrictEqual(serverKey(url), serverKey(`${url}?a`))
  })

  it("compares authorization servers as strings, ignoring a final slash", () => {
    assert.isTrue(sameIssuer(as, `${as}/`))
    assert.isTrue(sameIssuer(`${as}/`, as))
    assert.isTrue(sameIssuer(`${as}/a`, `${as}/a`))
    for (const other of [`${as}//`, `${as}/a`, `${as}.evil`, "http://as.example", "https://AS.example"])
      assert.isFalse(sameIssuer(as, other), other)
  })
})

describe("logins in memory", () => {
  it.effect("are stored separately for each address", () =>
    Effect.gen(function* () {
      const store = LoginOptions.inMemory()
      yield* update(store.login(url), (record) => ({ ...record, neededScope: "admin" }))
      assert.deepStrictEqual(yield* store.login(`${url}#part`).read, {
        ...emptyRecord(serverKey(url)),
        neededScope: "admin"
      })
      assert.deepStrictEqual(yield* store.login(`${url}/other`).read, emptyRecord(`${url}/other`))
      assert.deepStrictEqual(yield* LoginOptions.inMemory().login(url).read, emptyRecord(url))
    })
  )

  it.effect("are changed by one fiber at a time, and deleted completely", () =>
    Effect.gen(function* () {
      const store = LoginOptions.inMemory()
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

describe("the client registration at an authorization server", () => {
  const redirect = "http://127.0.0.1:1000/callback"
  const having = (client: Client): LoginRecord => ({ ...emptyRecord(url), clients: { [as]: client } })
  const registered = having({ id: "c1", redirect })

  it("is the configured client, only at the server where it was first used", () => {
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

  it("is otherwise the registered client, if the redirect address matches", () => {
    assert.strictEqual(clientOf(registered, {}, `${as}/`)?.client_id, "c1")
    assert.strictEqual(clientOf(registered, {}, as, redirect)?.client_id, "c1")
    assert.isUndefined(clientOf(registered, {}, as, "http://127.0.0.1:2000/callback"))
    assert.isUndefined(clientOf(registered, {}, "https://other.example"))
    // A client that is identified by a metadata document, which permits every port, was never registered for one.
    const clientMetadataUrl = "https://parley.example/client.json"
    const known = having({ id: clientMetadataUrl })
    assert.strictEqual(clientOf(known, { clientMetadataUrl }, as, redirect)?.client_id, clientMetadataUrl)
    assert.isUndefined(clientOf(known, {}, as, redirect))
  })

  it("is stored as registered, with a redacted secret, unless it is the configured client", () => {
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

  it("and the tokens can be deleted independently", () => {
    const tokens = { access: Redacted.make("t", { label: "oauth" }), type: "Bearer", issuer: as }
    const record = { ...registered, tokens, neededScope: "admin" }
    assert.deepStrictEqual(stored.withoutTokens(record), { ...registered, neededScope: "admin" })
    assert.deepStrictEqual(stored.withoutClients(record), { ...record, clients: {} })
  })
})
