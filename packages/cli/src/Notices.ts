import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import { Output } from "./Output.ts"
import type { Setup } from "./Setup.ts"

/** What a person should know before a round starts: one line each, on standard error. */
export const show = Effect.fnUntraced(function* (setup: Setup) {
  const output = yield* Output
  const models = yield* ModelsManager
  yield* Effect.forEach(setup.warnings, (warning) => output.note(`parley: ${warning}`), { discard: true })
  const preferred = yield* models.preferred
  if (setup.model === undefined && preferred.provider === "demo")
    yield* output.note(
      "parley: no model configured; the offline demo model answers by fixed rules (set ANTHROPIC_API_KEY for a real one)"
    )
})

/** What a person should know of the workspace where its files are what they ask about. */
export const workspace = Effect.fnUntraced(function* ({ noWorkspace, workspace }: Setup) {
  const output = yield* Output
  const notice = noWorkspace?.message ?? workspace.notice
  if (notice !== undefined) yield* output.note(`parley: ${notice}`)
})

/** After a round: servers with tools that wait to be accepted, each unless that was told before. */
export const blocked = Effect.fnUntraced(function* (told: Set<string>) {
  const output = yield* Output
  const mcp = yield* McpManager
  for (const { blocked, name, problem } of yield* mcp.servers) {
    const line = `parley: ${name}: ${problem ?? "its tools have changed"}`
    if (blocked === undefined || told.has(line)) continue
    told.add(line)
    yield* output.note(line)
  }
})
