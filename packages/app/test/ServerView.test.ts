import { assert, describe, it } from "@effect/vitest"
import { redactionInJson } from "@parley/domain/Redaction"
import { serverRedaction } from "@parley/mcp/ServerSecrets"
import * as ServerView from "../src/servers/ServerView.ts"

const startOf = (...args: ReadonlyArray<string>) => ServerView.view("a", { command: "run", args }).start

describe("how a server is shown", () => {
  it("arguments are shown, except those whose name indicates a secret", () => {
    assert.strictEqual(startOf("-y", "@scope/server@1.2", "two words"), 'run -y @scope/server@1.2 "two words"')
    assert.strictEqual(startOf("--api-key", "hidden", "--port", "8080"), "run --api-key … --port 8080")
    assert.strictEqual(
      startOf("--api-key=hidden", "TOKEN=hidden", "--port=8080"),
      "run --api-key=… TOKEN=… --port=8080"
    )
    assert.strictEqual(startOf("--header", "Authorization: Bearer hidden"), "run --header Authorization:…")
    assert.strictEqual(startOf("--token", "--verbose"), "run --token --verbose")
  })

  it("addresses are shown without the values of their query", () => {
    const url = "https://example.org:8080/mcp?key=hidden"
    assert.strictEqual(ServerView.view("a", { url }).start, "https://example.org:8080/mcp?…")
    assert.strictEqual(ServerView.view("a", { url: "https://example.org/mcp" }).start, "https://example.org/mcp")
  })

  it("a value of `env` is not shown in an argument either", () => {
    const { env, start } = ServerView.view("a", {
      command: "run",
      args: ["-x", "to/secret-1/it"],
      env: { K: "secret-1" }
    })
    assert.deepStrictEqual([env, start], [["K"], "run -x to/…/it"])
  })

  it("the client secret of a login is not shown", () => {
    const server = { url: "https://example.org/mcp", oauth: { clientId: "me", clientSecret: "canary-secret" } }
    assert.notInclude(JSON.stringify(ServerView.view("a", server)), "canary-secret")
    assert.strictEqual(serverRedaction(server)("bad secret canary-secret"), "bad secret …")
  })

  it("secrets are removed from messages: complete ones, parts of them, and truncated ones", () => {
    const redact = serverRedaction({
      url: "https://example.org/mcp?key=parameter",
      headers: { authorization: "Bearer abcdefgh-ijkl", short: "on" }
    })
    assert.strictEqual(redact("sent Bearer abcdefgh-ijkl on to"), "sent … on to")
    assert.strictEqual(redact("token abcdefgh-ijkl, key parameter"), "token …, key …")
    assert.strictEqual(redact("token abcdefgh…"), "token …")
    assert.strictEqual(redact("token abcdefgh-i [… 12 more bytes]; paramet…, x"), "token  [… 12 more bytes]; …, x")
    assert.strictEqual(redact("abc… and abcdefgh"), "abc… and abcdefgh", "what is no cut is no beginning of a secret")
    assert.deepStrictEqual(redactionInJson(redact)({ parameter: [1, "abcdefgh-ijkl", null] }), {
      "…": [1, "…", null]
    })
  })
})
