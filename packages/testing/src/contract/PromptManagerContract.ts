import { PromptManager } from "@parley/domain/PromptManager"
import { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { quoted, readOnce, stable, valid, wellFormed } from "./ContractReading.ts"
import { findAll, type Rule, type RuleSettings, single, words } from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"

/**
 * What the suite needs to know of a manager of prompts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  /** A layer whose configuration does not change during the tests. */
  readonly layer: Layer.Layer<PromptManager, E>
}

interface Subject extends RuleSettings {
  readonly prompts: PromptManager["Service"]
}

const correct = single(
  "provides a valid, well-formed prompt with one line for each capability and rule",
  Effect.fnUntraced(function* ({ prompts, ...settings }: Subject) {
    const read = yield* readOnce("prompt", prompts.prompt, settings)
    if (!read.ok) return read.found
    const broken = valid("prompt", SystemPrompt, read.value, "system prompt") ?? wellFormed("prompt", read.value)
    if (broken !== undefined) return broken
    const { capabilities, rules } = read.value
    const lines = [...capabilities, ...rules].find((line) => /[\n\r]/.test(line))
    return lines === undefined
      ? undefined
      : {
          problem: "`prompt` has a capability or rule of more than one line.",
          program: ["read `prompt`"],
          expected: quoted(lines.replaceAll(/[\n\r]+/g, " ")),
          received: quoted(lines)
        }
  })
)

const same = single("provides the same prompt again as long as nothing changes", ({ prompts, ...settings }: Subject) =>
  stable("prompt", prompts.prompt, settings)
)

const day = 24 * 60 * 60 * 1000
/** The clock, days later. */
const daysLater = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const later: Clock.Clock = {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + 40 * day,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (millis) => millis + 40 * day),
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    }
    return Effect.provideService(effect, Clock.Clock, later)
  })

/** A prompt with a date would be a new baseline for every round; the engine adds date and time where they belong. */
const timeless = single("does not depend on the time", ({ prompts, ...settings }: Subject) =>
  Effect.map(stable("prompt", prompts.prompt, settings, daysLater), (found) =>
    found === undefined
      ? undefined
      : {
          ...found,
          problem: `${found.problem.slice(0, -1)}, where only the clock has changed.`,
          program: ["read `prompt`", "read `prompt` again, 40 days later"]
        }
  )
)

const rules: ReadonlyArray<Rule<Subject>> = [correct, same, timeless]
const subjectOf = <E>({ layer, ...settings }: Options<E>): Effect.Effect<Subject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...settings, prompts: Context.get(context, PromptManager) })),
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
 * The contract of `PromptManager`, as tests with the real clock. Call it in a test file.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => register(name, rules, subjectOf(options))
