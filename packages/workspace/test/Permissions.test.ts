import { assert, it } from "@effect/vitest"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Permissions from "../src/Permissions.ts"

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

it("the longest pattern counts, a whole name before a pattern of its length, and what is not named is asked about", () => {
  const rule = Permissions.rule({ "*": "ask", "notes__*": "allow", notes__delete: "deny", "notes__delete*": "ask" })
  assert.deepStrictEqual(
    ["other__x", "notes__add", "notes__delete", "notes__delete_all"].map((name) => rule(tool(name), clean, {})),
    ["ask", "allow", "deny", "ask"]
  )
  assert.strictEqual(Permissions.rule({})(tool("anything"), clean, {}), "ask")
  assert.strictEqual(Permissions.rule({ notes__add: "deny" })(tool("notes__add_more"), clean, {}), "ask")
  assert.strictEqual(Permissions.rule({ "*": "allow" })(tool("anything"), tainted, {}), "allow")
})

it("what objects inherit is no pattern", () => {
  assert.strictEqual(Permissions.rule({ "*": "allow" })(tool("constructor"), clean, {}), "allow")
  assert.strictEqual(Permissions.rule({})(tool("constructor"), clean, {}), "ask")
})

it("a tool that nobody named may run only if it is marked as one that reads", () => {
  const rule = Permissions.rule({})
  assert.strictEqual(rule(tool("a", { safeToRepeat: "read-only" }), tainted, {}), "allow")
  assert.strictEqual(rule(tool("a", { safeToRepeat: "idempotent" }), clean, {}), "ask")
  assert.strictEqual(Permissions.rule({ a: "ask" })(tool("a", { safeToRepeat: "read-only" }), clean, {}), "ask")
})

it("ask-if-tainted allows until the round has read something, and asks from then on", () => {
  const rule = Permissions.rule({ "*": "ask-if-tainted" })
  assert.deepStrictEqual([rule(tool("a"), clean, {}), rule(tool("a"), tainted, {})], ["allow", "ask"])
})

it("the command line goes before the permissions, but not before a deny", () => {
  const rule = Permissions.rule({ "*": "ask", "mail__*": "deny", mail__list: "ask-if-tainted" }, ["mail__*", "b__c"])
  assert.deepStrictEqual(
    ["mail__send", "mail__list", "b__c", "b__d"].map((name) => rule(tool(name), tainted, {})),
    ["deny", "allow", "allow", "ask"]
  )
})
