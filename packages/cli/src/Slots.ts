import * as DynamicContext from "@parley/workspace/DynamicContext"
import * as Effect from "effect/Effect"
import { UsageError } from "./ExitCode.ts"
import type { Setup } from "./Setup.ts"
import * as ToolRules from "./ToolRules.ts"

/** What the slots of dynamic context are read from, and what they may call. */
export const options = (setup: Setup): DynamicContext.Options => ({
  root: setup.workspace.root,
  configFile: setup.user.configFile,
  refuses: ToolRules.refusesSlot(setup)
})

/** The slots of dynamic context as the user and the project declare them. */
export const declared = (setup: Setup) => DynamicContext.declared(options(setup))

export const quoted = (id: string): string => JSON.stringify(id)

/** `no slot "x"`, with the slots that there are. */
export const unknown = (id: string, all: ReadonlyArray<DynamicContext.Declared>): UsageError =>
  new UsageError({
    problem:
      all.length === 0
        ? `There is no slot ${quoted(id)} of dynamic context, nor any other; see \`parley dynamic add --help\``
        : `There is no slot ${quoted(id)} of dynamic context; there are ${all.map(({ slot }) => slot.id).join(", ")}`
  })

/** Refuses to refresh what is not there to be refreshed. `*` is all slots, also when there are none. */
export const validateRefresh = Effect.fn("Slots.validateRefresh")(function* (
  setup: Setup,
  refresh: ReadonlyArray<string>
) {
  if (refresh.every((id) => id === "*")) return
  const all = yield* declared(setup)
  for (const id of refresh) {
    if (id === "*") continue
    const found = all.find(({ slot }) => slot.id === id)
    if (found === undefined) return yield* unknown(id, all)
    if (found.ignored !== undefined)
      return yield* new UsageError({ problem: `--refresh ${id}: the slot is ignored: ${found.ignored}` })
    if (!found.slot.enabled)
      return yield* new UsageError({ problem: `--refresh ${id}: the slot is off; \`parley dynamic enable ${id}\`` })
  }
})
