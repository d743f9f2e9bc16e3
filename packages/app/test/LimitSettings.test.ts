import { assert, describe, it } from "@effect/vitest"
import { change, defaults } from "@parley/session/Limits"
import { limitsOf } from "../src/configuration/LimitSettings.ts"

describe("the limits of a setup", () => {
  it("each reaches the limit of its name, with seconds as milliseconds", () => {
    const changed = change(
      defaults,
      limitsOf({
        turns: 1,
        toolConcurrency: 2,
        retries: 3,
        firstTokenSeconds: 4,
        idleSeconds: 5,
        turnSeconds: 6,
        toolSeconds: 7,
        roundSeconds: 8,
        roundTokens: 9,
        roundCost: 10,
        sessionTokens: 11,
        sessionCost: 12,
        identicalCalls: 13
      })
    )
    assert.deepStrictEqual(changed, {
      ...defaults,
      turns: 1,
      toolConcurrency: 2,
      retries: 3,
      firstChunkMillis: 4000,
      idleMillis: 5000,
      turnMillis: 6000,
      toolMillis: 7000,
      roundMillis: 8000,
      roundTokens: 9,
      roundCost: 10,
      sessionTokens: 11,
      sessionCost: 12,
      identicalCalls: 13
    })
  })

  it("those that are not set keep their values", () => {
    const limits = { ...defaults, idleMillis: 1, turns: 2 }
    assert.deepStrictEqual(change(limits, limitsOf({ roundCost: 3 })), { ...limits, roundCost: 3 })
  })
})
