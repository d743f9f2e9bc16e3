import { join } from "node:path"
import { assert } from "@effect/vitest"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { Home } from "../../packages/harness/src/sessions/home.ts"
import { variant } from "./kit.ts"
import { ended, starts } from "./look.ts"
import { type Script, scripted } from "./support/script.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

/** No server continues before all have been started, so a manager that starts them sequentially would wait forever. */
const together: Script = { start: [["until", '"pid"', 17]] }
const badOnes = (here: Home): { readonly [name: string]: McpServerConfig } => ({
  absent: { command: join(here.root, "absent") },
  elsewhere: { command: "true", cwd: join(here.root, "absent") },
  exits: scripted(here, "exits", {
    start: [
      ["until", '"pid"', 17],
      ["exit", 1]
    ]
  }),
  mute: scripted(here, "mute", { initialize: [] }, { startTimeoutMillis: 3000 }),
  nobody: { url: "http://127.0.0.1:1/mcp" }
})
const healthy = Array.from({ length: 15 }, (_, i) => `good${String(i).padStart(2, "0")}`)

export const many = variant("M25", "fifteen that work and five that do not", {
  servers: (here) => ({
    ...badOnes(here),
    ...Object.fromEntries(healthy.map((name) => [name, scripted(here, name, together, { startTimeoutMillis: 20_000 })]))
  }),
  turns: [["good00__echo", "good14__echo"]],
  look: (seen) => {
    ended("Succeeded: {}", "Succeeded: {}")(seen)
    assert.deepStrictEqual(
      seen.offered[0],
      healthy.map((name) => `${name}__echo`)
    )
    for (const name of healthy) {
      assert.strictEqual(seen.statuses[name]?.state, "ready")
      assert.strictEqual(starts(seen.notes, name), 1)
    }
    for (const name of Object.keys(badOnes(seen.home))) assert.notStrictEqual(seen.statuses[name]?.state, "ready")
    // The timeout of the server that never answers, plus time for a busy machine.
    promptly(seen.millis, 3000 + 12_000)
  }
})
