import * as DynamicContext from "@parley/workspace/DynamicContext"
import * as Effect from "effect/Effect"
import { UsageError } from "../errors/UsageError.ts"
import type { Setup } from "./Setup.ts"
import * as ToolRules from "./ToolRules.ts"

/**
 * Where slots of dynamic context are declared, and which tools they may call.
 *
 * @since 0.1.0
 * @category functions
 */
export const options = (setup: Setup): DynamicContext.Options => ({
  root: setup.workspace.root,
  configFile: setup.user.configFile,
  refuses: ToolRules.refusesSlot(setup)
})

/**
 * The slots of dynamic context as the user and the project declare them.
 *
 * @since 0.1.0
 * @category functions
 */
export const declared = (setup: Setup) => DynamicContext.declared(options(setup))

/**
 * The id of a slot as a JSON string, for messages.
 *
 * @since 0.1.0
 * @category functions
 */
export const quoted = (id: string): string => JSON.stringify(id)

/**
 * The error for an unknown slot id. It lists the slots that exist.
 *
 * @since 0.1.0
 * @category functions
 */
export const unknown = (id: string, all: ReadonlyArray<DynamicContext.Declared>): UsageError =>
  new UsageError({
    problem:
      all.length === 0
        ? `There is no slot ${quoted(id)} of dynamic context: none are declared; see \`parley dynamic add --help\``
        : `There is no slot ${quoted(id)} of dynamic context; the slots are ${all.map(({ slot }) => slot.id).join(", ")}`
  })

/**
 * Fails if a slot to refresh is unknown, ignored or disabled. `*` means all slots and is valid even when there are none.
 *
 * @since 0.1.0
 * @category functions
 */
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
      return yield* new UsageError({
        problem: `--refresh ${id}: the slot is disabled; enable it with \`parley dynamic enable ${id}\``
      })
  }
})
