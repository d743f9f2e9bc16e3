import { assert, it } from "@effect/vitest"
import { pinAll } from "@parley/mcp/ToolPins"
import * as DriftText from "../src/consent/DriftText.ts"

const offering = (middle: string) => {
  const long = `${"a".repeat(3000)}${middle}${"b".repeat(3000)}`
  return pinAll([
    {
      name: "s__add",
      server: "s",
      tool: "add",
      description: "Adds",
      inputSchema: { type: "object", properties: { [`${long}k`]: { description: long } } }
    }
  ])
}

it("a change in the middle of a long value is shown, and so is all of a new tool", () => {
  const changed = DriftText.words([{ tool: "add", kind: "changed" }], offering("harmless"), offering("harmful!"))
  assert.match(changed, /\n {2}-[^\n]*"description": "a+harmlessb+"/)
  assert.match(changed, /\n {2}\+[^\n]*"description": "a+harmful!b+"/)
  assert.match(changed, /\n {2}\+[^\n]*"a+harmful!b+k": /)
  const added = DriftText.words([{ tool: "add", kind: "added" }], {}, offering("harmful!"))
  assert.strictEqual(added.split("harmful!").length, 3)
})

it("the instructions of a server are named apart from its tools", () => {
  const drift = [{ tool: "", kind: "changed" }] as const
  const words = DriftText.words(drift, pinAll([], "Be brief."), pinAll([], "Be long."))
  assert.match(words, /^the server's instruction text has changed:\n/)
  assert.match(words, /\n {2}-[^\n]*Be brief\./)
  assert.match(words, /\n {2}\+[^\n]*Be long\./)
})
