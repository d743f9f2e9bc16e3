import { assert, it } from "@effect/vitest"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Permissions from "../src/config/Permissions.ts"

const tool = (name: string, safe: Partial<ToolDefinition> = {}): ToolDefinition => ({
  name,
  server: "s",
  tool: name,
  description: "",
  inputSchema: {},
  ...safe
})
const clean = { tainted: false }
const tainted = { tainted: true }

it("the longest pattern applies, an exact name first; tools without a rule require approval", () => {
  const rule = Permissions.rule({ "*": "ask", "notes__*": "allow", notes__delete: "deny", "notes__delete*": "ask" })
  assert.deepStrictEqual(
    ["other__x", "notes__add", "notes__delete", "notes__delete_all"].map((name) => rule(tool(name), clean, {})),
    ["ask", "allow", "deny", "ask"]
  )
  assert.strictEqual(Permissions.rule({})(tool("anything"), clean, {}), "ask")
  assert.strictEqual(Permissions.rule({ notes__add: "deny" })(tool("notes__add_more"), clean, {}), "ask")
  assert.strictEqual(Permissions.rule({ "*": "allow" })(tool("anything"), tainted, {}), "allow")
})

it("names that objects inherit are not taken for patterns", () => {
  assert.strictEqual(Permissions.rule({ "*": "allow" })(tool("constructor"), clean, {}), "allow")
  assert.strictEqual(Permissions.rule({})(tool("constructor"), clean, {}), "ask")
})

it("tools without a permission rule require approval unless marked read-only", () => {
  const rule = Permissions.rule({})
  assert.strictEqual(rule(tool("a", { safeToRepeat: "read-only" }), tainted, {}), "allow")
  assert.strictEqual(rule(tool("a", { safeToRepeat: "idempotent" }), clean, {}), "ask")
  assert.strictEqual(Permissions.rule({ a: "ask" })(tool("a", { safeToRepeat: "read-only" }), clean, {}), "ask")
})

it("ask-if-tainted allows until the round contains text from outside, then requires approval", () => {
  const rule = Permissions.rule({ "*": "ask-if-tainted" })
  assert.deepStrictEqual([rule(tool("a"), clean, {}), rule(tool("a"), tainted, {})], ["allow", "ask"])
})

it("the command line overrides the permissions, except deny", () => {
  const rule = Permissions.rule(
    { "*": "ask", "mail__*": "deny", mail__list: "ask-if-tainted" },
    { allowed: ["mail__*", "b__c"] }
  )
  assert.deepStrictEqual(
    ["mail__send", "mail__list", "b__c", "b__d"].map((name) => rule(tool(name), tainted, {})),
    ["deny", "allow", "allow", "ask"]
  )
})

const ofProject = (name: string, server = "github"): ToolDefinition => tool(name, { server, safeToRepeat: "read-only" })

it("for a project's server, allow in the permissions has no effect, but deny and ask apply", () => {
  const projects = new Map([["github", []]])
  const decided = (permissions: Permissions.Permissions, allowed: ReadonlyArray<string> = []) => {
    const rule = Permissions.rule(permissions, { allowed, projects })
    return [rule(ofProject("github__send"), clean, {}), rule(tool("github__send", { server: "mine" }), clean, {})]
  }
  assert.deepStrictEqual(decided({}), ["ask", "ask"], "not even a tool that is marked as one that reads")
  for (const pattern of ["*", "g*", "github__*", "github__s*", "github__send"])
    assert.deepStrictEqual(decided({ [pattern]: "allow" }), ["ask", "allow"], pattern)
  assert.deepStrictEqual(decided({ "github__*": "ask-if-tainted" }), ["ask", "allow"])
  assert.deepStrictEqual(decided({ "*": "allow", "github__*": "deny" }), ["deny", "deny"])
  assert.deepStrictEqual(decided({ "*": "deny", "github__*": "allow" }), ["deny", "allow"])
  assert.deepStrictEqual(decided({ "github__*": "deny", github__send: "allow" }), ["deny", "allow"])
  assert.deepStrictEqual(decided({ "*": "deny", "github__*": "ask" }, ["github__*"]), ["allow", "allow"])
})

it("a pattern of the command line applies to a project's server if it names the server", () => {
  const projects = new Map([["github", []]])
  const decided = (allowed: string, permissions: Permissions.Permissions = {}) =>
    Permissions.rule(permissions, { allowed: [allowed], projects })(ofProject("github__send"), tainted, {})
  assert.deepStrictEqual(
    ["github__send", "github__*", "github__s*"].map((allowed) => decided(allowed)),
    ["allow", "allow", "allow"]
  )
  assert.deepStrictEqual(
    ["*", "g*", "github*", "github_*", "git__*", "other__send"].map((allowed) => decided(allowed)),
    ["ask", "ask", "ask", "ask", "ask", "ask"]
  )
  assert.strictEqual(decided("github__send", { github__send: "deny" }), "deny")
})

it("patterns that were allowed on trusting a project's server apply to that server alone", () => {
  const projects = new Map([
    ["github", ["github__list*", "notes__*", "*"]],
    ["notes", []]
  ])
  const rule = Permissions.rule({ github__list_all: "deny" }, { projects })
  assert.strictEqual(rule(ofProject("github__list"), tainted, {}), "allow")
  assert.strictEqual(rule(ofProject("github__list_all"), clean, {}), "deny")
  assert.strictEqual(rule(ofProject("notes__add", "notes"), clean, {}), "ask")
  assert.strictEqual(rule(tool("github__list", { server: "mine" }), clean, {}), "ask")
})

it("lists the permissions that match a server, and whether they apply to a project's server", () => {
  const permissions = {
    "*": "allow",
    "git*": "ask",
    github__send: "ask-if-tainted",
    "github__rm*": "deny",
    "gitlab__*": "deny",
    github: "deny",
    constructor: "allow"
  } as const
  assert.deepStrictEqual(
    Permissions.concerning(permissions, "github__").map(({ counts, pattern }) => [pattern, counts]),
    [
      ["*", false],
      ["git*", true],
      ["github__send", false],
      ["github__rm*", true]
    ]
  )
})
