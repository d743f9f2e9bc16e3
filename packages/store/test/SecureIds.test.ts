import { assert, describe, it } from "@effect/vitest"
import { SessionIds } from "@parley/domain/Ids"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as SecureIds from "../src/file/SecureIds.ts"

describe("SecureIds", () => {
  it.effect("creates unique ids that sort by time", () =>
    Effect.gen(function* () {
      const next = yield* SessionIds
      const ids: Array<string> = []
      for (const millis of [0, 1, 1_700_000_000_000, 1_700_000_000_001, 32 ** 9 - 1]) {
        yield* TestClock.setTime(millis)
        ids.push(yield* next)
      }
      assert.deepStrictEqual([...ids].sort(), ids)
      for (const id of ids) assert.match(id, /^ses_[0-9a-v]{27}$/)
      const many = yield* Effect.replicateEffect(next, 1000)
      assert.strictEqual(new Set(many.map((id) => id.slice(-18))).size, 1000)
    }).pipe(Effect.provide(SecureIds.layer))
  )
})
