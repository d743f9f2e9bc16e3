import type { ProgramRunner } from "@parley/testing"
import { Context, Effect, Layer } from "effect"
import { defaults, Limits } from "../src/Limits.ts"
import { SessionCoordinator } from "../src/SessionCoordinator.ts"

export const limits = { turns: 4, toolConcurrency: 3 }

/** A coordinator as generated programs want one: a new one for each process. */
export const engine: ProgramRunner.MakeEngine = Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
  Effect.map((built) => Context.get(built, SessionCoordinator)),
  Effect.provideService(Limits, { ...defaults, ...limits, messageBytes: 1000, retries: 0, identicalCalls: 1000 })
)
