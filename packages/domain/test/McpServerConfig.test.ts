import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { DynamicSlot } from "../src/DynamicContextManager.ts"
import { HttpServer, McpServerConfig, OAuthConfig, ServerName, StdioServer } from "../src/McpServerConfig.ts"

const http = (more: object = {}) => Schema.is(HttpServer)({ url: "https://a.example/mcp", ...more })
const stdio = (more: object = {}) => Schema.is(StdioServer)({ command: "node", ...more })
const oauth = Schema.is(OAuthConfig)
const name = Schema.is(ServerName)
const slot = (more: object = {}) =>
  Schema.is(DynamicSlot)({ id: "s", tool: "t", input: {}, timeoutMillis: 1, onFailure: "note", ...more })

describe("the configuration of a server", () => {
  it("has timeouts greater than zero", () => {
    for (const key of ["timeoutMillis", "maxTimeoutMillis", "startTimeoutMillis"]) {
      assert.isTrue(stdio({ [key]: 1 }), key)
      for (const value of [0, -1, 1.5]) assert.isFalse(stdio({ [key]: value }), `${key} ${value}`)
    }
  })

  it("has a command or an http address", () => {
    assert.isTrue(stdio() && http())
    assert.isFalse(stdio({ command: "" }))
    for (const url of ["http://127.0.0.1:1/", "https://x"]) assert.isTrue(http({ url }), url)
    for (const url of ["ftp://x", "https://", "https://a b", "x https://y"]) assert.isFalse(http({ url }), url)
    assert.isFalse(Schema.is(McpServerConfig)({}))
  })

  it("requires an https client metadata address with a path, and a valid redirect port", () => {
    const document = (clientMetadataUrl: string) => oauth({ clientMetadataUrl })
    assert.isTrue(document("https://a.example/client.json"))
    for (const url of ["http://a.example/client.json", "https://a.example", "https://a.example/", "x https://a/b"])
      assert.isFalse(document(url), url)
    for (const redirectPort of [1, 65_535]) assert.isTrue(oauth({ redirectPort }), String(redirectPort))
    for (const redirectPort of [0, 65_536, 80.5]) assert.isFalse(oauth({ redirectPort }), String(redirectPort))
    for (const key of ["clientId", "clientSecret", "scope"]) assert.isFalse(oauth({ [key]: "" }), key)
  })

  it("has a name of at most 32 letters, digits, - and _, which is part of its tools' names", () => {
    for (const text of ["a", "A1", "0-_", "a".repeat(32)]) assert.isTrue(name(text), text)
    for (const text of ["", "-a", "_a", "a.b", "a b", "ä", "a\n", "a".repeat(33)]) assert.isFalse(name(text), text)
  })

  it("a slot has a timeout and a size greater than zero, and an id", () => {
    assert.isTrue(slot() && slot({ refresh: { seconds: 1 }, maxTokens: 1 }))
    for (const wrong of [
      { id: "" },
      { tool: "" },
      { timeoutMillis: 0 },
      { maxTokens: 0 },
      { refresh: { seconds: 0 } },
      { refresh: "never" },
      { onFailure: "ignore" }
    ])
      assert.isFalse(slot(wrong), JSON.stringify(wrong))
  })
})
