import { assert, describe, it } from "@effect/vitest"
import { BudgetLedger } from "@parley/domain/BudgetLedger"
import { StreamBroken } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as Budget from "@parley/session/Budget"
import { Chunks, ScriptedModel } from "@parley/testing"
import { Effect } from "effect"
import * as ModelTrial from "../src/engine/ModelTrial.ts"

const priced = { price: { input: 1000, output: 1000 }, maxOutput: 1000 }

/** What the budget counts, in US dollars, for a trial whose response breaks off after these chunks. */
const spentAfter = (...chunks: ReadonlyArray<ProviderChunk>) =>
  Effect.gen(function* () {
    const ledger = yield* BudgetLedger
    const trial = ModelTrial.run(ScriptedModel.ref)
    yield* Effect.flip(Effect.provideService(trial, Budget.Budget, { ledger, limits: { day: 100 }, workspace: "/w" }))
    return (yield* ledger.spent("/w")).workspace
  }).pipe(
    Effect.provide([
      ScriptedModel.layer([ScriptedModel.failing(new StreamBroken({ detail: "cut" }), chunks)], priced),
      BudgetLedger.layerMemory
    ])
  )

describe("a trial of a model that fails", () => {
  it.effect("counts its worst case after a part of the response, because its usage is not known", () =>
    Effect.map(spentAfter(...Chunks.text(0, "ready")), (spent) => assert.isAtLeast(spent, 2))
  )

  it.effect("costs nothing without any response", () =>
    Effect.map(spentAfter(), (spent) => assert.strictEqual(spent, 0))
  )
})
