import { assert, it } from "@effect/vitest"
import { pinAll } from "@parley/mcp/Pins"
import * as DriftText from "../src/trust/DriftText.ts"

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

it("what changed in the middle of a long word of a schema is shown, and so is all of a new tool", () => {
  const changed = DriftText.words([{ tool: "add", kind: "changed" }], offering("harmless"), offering("harmful!"))
  assert.match(changed, /\n {2}-[^\n]*"description": "a+harmlessb+"/)
  assert.match(changed, /\n {2}\+[^\n]*"description": "a+harmful!b+"/)
  assert.match(changed, /\n {2}\+[^\n]*"a+harmful!b+k": /)
  const added = DriftText.words([{ tool: "add", kind: "added" }], {}, offering("harmful!"))
  assert.strictEqual(added.split("harmful!").length, 3)
})

it("what a server says to the model is told from its tools", () => {
  const drift = [{ tool: "", kind: "changed" }] as const
  const words = DriftText.words(drift, pinAll([], "Be brief."), pinAll([], "Be long."))
  assert.match(words, /^what the server says to the model has changed:\n/)
  assert.match(words, /\n {2}-[^\n]*Be brief\./)
  assert.match(words, /\n {2}\+[^\n]*Be long\./)
})
