import type { ProgramRunner } from "@parley/testing"
import { Context, Effect, Layer } from "effect"
import { CompactionSettings } from "../src/limits/CompactionSettings.ts"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"

export const limits = { turns: 4, toolConcurrency: 3, retries: 2 }

/** A model of a program is silent for as long as the program likes: a clock that is turned for others gives nobody up. */
const patient = { firstChunkMillis: 1e9, idleMillis: 1e9, turnMillis: 1e9 }

/** A coordinator as generated programs want one: a new one for each process. */
export const engine: ProgramRunner.MakeEngine = Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
  Effect.map((built) => Context.get(built, SessionCoordinator)),
  // What a compaction makes of a history is for its own laws: what programs predict is every word.
  Effect.provideService(CompactionSettings, { auto: false }),
  Effect.provideService(Limits, { ...defaults, ...limits, ...patient, messageBytes: 1000, identicalCalls: 1000 })
)
