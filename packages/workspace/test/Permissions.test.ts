import { assert, it } from "@effect/vitest"
import * as Permissions from "../src/Permissions.ts"

const tool = (name: string) => ({ name, server: "s", tool: name, description: "", inputSchema: {} })

it("the longest pattern counts, a whole name before a pattern of its length, and what is not named may run", () => {
  const rule = Permissions.rule({ "*": "ask", "notes__*": "allow", notes__delete: "deny", "notes__delete*": "ask" })
  assert.deepStrictEqual(
    ["other__x", "notes__add", "notes__delete", "notes__delete_all"].map((name) => rule(tool(name))),
    ["ask", "allow", "deny", "ask"]
  )
  assert.strictEqual(Permissions.rule({})(tool("anything")), "allow")
  assert.strictEqual(Permissions.rule({ notes__add: "deny" })(tool("notes__add_more")), "allow")
})

it("what objects inherit is no pattern", () => {
  assert.strictEqual(Permissions.rule({})(tool("constructor")), "allow")
})
