import type { ServerStatus } from "@parley/domain/McpManager"
import { assert, it } from "@effect/vitest"
import { statusLine } from "../src/output/ServerText.ts"

it("the status of a server is one line, with its restarts and its problem", () => {
  const line = (status: Partial<ServerStatus>) => statusLine({ name: "docs", state: "ready", tools: 3, ...status })
  assert.strictEqual(line({}), "docs: 3 tools")
  assert.strictEqual(line({ restarts: 2 }), "docs: 3 tools; restarted 2 times")
  assert.strictEqual(line({ state: "failed", tools: 0, problem: "it\nended" }), 'docs: failed; "it\\nended"')
})
