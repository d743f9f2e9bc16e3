import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { Effect } from "effect"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { log, sessionId, world } from "../World.ts"

const { finish, text } = Chunks
const { says } = ScriptedTools
export const answer = ScriptedModel.turn(text(0, "Done."), [finish()])
export const slot = (id: string, more: Partial<DynamicSlot> = {}): DynamicSlot => ({
  id,
  tool: id,
  input: {},
  timeoutMillis: 1000,
  onFailure: "note",
  ...more
})

export const withSlots = (
  slots: ReadonlyArray<DynamicSlot>,
  tools: { readonly [name: string]: ScriptedTools.Behaviour },
  rounds = 3
) => Effect.provide(world(Array(rounds).fill(answer), tools, DynamicContextManager.layerMemory(slots)))

/** The manifest of the latest round, by slot: why each is there, or is not. */
export const reasons = Effect.map(log, (entries) =>
  Object.fromEntries(
    entries
      .flatMap(({ event }) => (event._tag === "ContextBuilt" ? [event.manifest] : []))
      .at(-1)
      ?.filter(({ source }) => source.startsWith("dynamic:"))
      .map(({ source, why }) => [source.slice("dynamic:".length), why]) ?? []
  )
)

export const preview = Effect.map(
  SessionCoordinator.use((coordinator) => coordinator.buildContext(sessionId)),
  ({ dynamicContext }) => dynamicContext
)

/** A tool that gives each of these once, and then fails. */
export const inTurn = (...words: ReadonlyArray<string>): ScriptedTools.Behaviour => {
  const left = [...words]
  return (input) =>
    Effect.suspend(() => {
      const next = left.shift()
      return (next === undefined ? ScriptedTools.fails("nothing is left") : says(next))(input)
    })
}
