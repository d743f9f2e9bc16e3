import { DynamicContextManager, DynamicSlot } from "@parley/domain/DynamicContextManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { quoted, readOnce, stable, valid, wellFormed } from "./ContractReading.ts"
import { findAll, type Rule, type RuleSettings, single, words } from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"

/**
 * What the suite needs to know of a manager of slots.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  /** A layer whose configuration does not change during the tests. */
  readonly layer: Layer.Layer<never, E>
  /** The names of the tools that slots may call. Without it, slots may call any tool. */
  readonly tools?: ReadonlyArray<string>
}

interface Subject extends RuleSettings {
  readonly dynamic: DynamicContextManager
  readonly tools: ReadonlyArray<string> | undefined
}

const program = ["read `slots`"]

const correct = single(
  "provides valid, well-formed slots, each id once",
  Effect.fnUntraced(function* ({ dynamic, tools, ...settings }: Subject) {
    const read = yield* readOnce("slots", dynamic.slots, settings)
    if (!read.ok) return read.found
    const ids = read.value.map(({ id }) => id)
    const twice = ids.find((id, i) => ids.indexOf(id) !== i)
    if (twice !== undefined)
      return {
        problem: `\`slots\` has the slot ${quoted(twice)} more than once.`,
        program,
        expected: [...new Set(ids)].map(quoted).join(", "),
        received: ids.map(quoted).join(", ")
      }
    for (const slot of read.value) {
      const label = `slot ${quoted(slot.id)}`
      const broken = valid("slots", DynamicSlot, slot, label) ?? wellFormed("slots", { [label]: slot })
      if (broken !== undefined) return broken
      if (tools === undefined || tools.includes(slot.tool)) continue
      const problem = `The ${label} calls ${slot.tool}, which is not one of the tools.`
      return { problem, program, expected: tools.join(", "), received: slot.tool }
    }
    return undefined
  })
)

const same = single(
  "provides the same slots in the same order again as long as nothing changes",
  ({ dynamic, ...settings }: Subject) => stable("slots", dynamic.slots, settings)
)

const rules: ReadonlyArray<Rule<Subject>> = [correct, same]
const subjectOf = <E>({ layer, tools, ...settings }: Options<E>): Effect.Effect<Subject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...settings, tools, dynamic: Context.get(context, DynamicContextManager) })),
    Effect.orDie
  )

/**
 * All violations of the contract.
 *
 * @since 0.1.0
 * @category functions
 */
export const violations = <E>(options: Options<E>) => findAll(rules, subjectOf(options))

/**
 * All violations of the contract, as text, for other test runners.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = <E>(options: Options<E>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(violations(options), (found) => found.map(words))

/**
 * The contract of `DynamicContextManager`, as tests with the real clock. Call it in a test file.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => register(name, rules, subjectOf(options))
