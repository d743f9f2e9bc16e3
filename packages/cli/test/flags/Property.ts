import { assert, it } from "@effect/vitest"
import { isDeepStrictEqual } from "node:util"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { encode } from "../support/Caller.ts"
import { type Experiment, outcome, type Outcome } from "./Experiment.ts"
import { type Facts, world, type World } from "./World.ts"

/** What commands of a world come to without a flag; many flags of a command are compared with the same run. */
type Baselines = Map<string, readonly [Outcome, Outcome]>

const baseline = Effect.fnUntraced(function* (baselines: Baselines, world: World, experiment: Experiment) {
  const { args, command, run, seen, afterwards, without } = experiment
  const key = encode([command, args, run, afterwards, without, seen === undefined].map((part) => part ?? null))
  const known = baselines.get(key)
  if (known !== undefined) return known
  const once = outcome(world, experiment, without ?? [])
  let twice: readonly [Outcome, Outcome] = [yield* once, yield* once]
  // Where a limit of time ends them, what they had shown until then differs on a busy machine.
  for (let more = 3; more > 0 && !isDeepStrictEqual(...twice); more--) twice = [twice[1], yield* once]
  baselines.set(key, twice)
  return twice
})

/** What is wrong with a flag: a command line with it and one without it must differ in something that a user can tell. */
const problem = Effect.fnUntraced(function* (baselines: Baselines, world: World, experiment: Experiment) {
  const name = `${experiment.command} --${experiment.flag}`
  const [without, again] = yield* baseline(baselines, world, experiment)
  if (!isDeepStrictEqual(without, again))
    return [`${name}: two runs without it differ, which proves nothing of a third: ${encode([without, again])}`]
  const flagged = yield* outcome(world, experiment, experiment.with, experiment.patience)
  return isDeepStrictEqual(flagged, without) ? [`${name} changes nothing`] : []
})

export interface Tried {
  /** Servers that are configured beside those of every world. */
  readonly servers?: Readonly<Record<string, object>>
  readonly experiments: (facts: Facts) => ReadonlyArray<Experiment>
}

/** A test of some experiments, on one world that is put back before each run. */
export const property = (about: string, tried: Effect.Effect<Tried, never, Scope>): void =>
  it.live(`${about}: each flag changes something that can be seen`, () =>
    Effect.gen(function* () {
      const { experiments, servers = {} } = yield* tried
      const made = yield* world(servers)
      const baselines: Baselines = new Map()
      for (const experiment of experiments(made))
        assert.deepStrictEqual(yield* problem(baselines, made, experiment), [])
    })
  )
