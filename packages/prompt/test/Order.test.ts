import type { WorkspaceFile } from "@parley/domain/FilesManager"
import { empty } from "@parley/domain/SystemPrompt"
import { assert, it } from "@effect/vitest"
import * as Baseline from "../src/Baseline.ts"

it("instructions are shown from general to special: the user's, those above the workspace, its own, those below", () => {
  const ordered = ["/home/me/AGENTS.md", "../../AGENTS.md", "../AGENTS.md", "AGENTS.md", "CLAUDE.md", "a/AGENTS.md"]
  const files = ordered.toReversed().map((path): WorkspaceFile => ({ path, text: `<${path}>`, kind: "instructions" }))
  const { system } = Baseline.render({ prompt: empty, tools: [], environment: { timeZone: "UTC" }, files }).baseline
  const places = ordered.map((path) => system.indexOf(`<${path}>`))
  assert.notInclude(places, -1)
  assert.deepStrictEqual(
    places,
    places.toSorted((a, b) => a - b)
  )
})
