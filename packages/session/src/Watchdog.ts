import { ModelError, Stalled } from "@parley/domain/ModelError"
import * as Effect from "effect/Effect"
import { Limits } from "./Limits.ts"

/** Silence is measured in this many equal parts, so it is noticed late by one part at most, and never early. */
const parts = 8

const stalled = (detail: string) => Effect.fail(new ModelError({ reason: new Stalled({ detail }) }))
const seconds = (millis: number) => `${millis / 1000} s`

/**
 * Fails when a provider stops answering: nothing at first, nothing for too long in between, or no end. Race it with the
 * stream. `arrived` counts what has come of the answer so far (see `Progress`); it is looked at a few times per limit, so a chunk costs no timer and no
 * look at a clock. Whatever stops this process, or moves its wall clock, is no silence of the provider.
 */
export const watch = Effect.fnUntraced(function* (arrived: () => number) {
  const { firstChunkMillis, idleMillis, turnMillis } = yield* Limits
  const silence = Effect.gen(function* () {
    let seen = 0
    for (let quiet = 0; quiet < parts; quiet++) {
      yield* Effect.sleep((seen === 0 ? firstChunkMillis : idleMillis) / parts)
      const now = arrived()
      if (now !== seen) quiet = -1
      seen = now
    }
    return yield* seen === 0
      ? stalled(`no answer within ${seconds(firstChunkMillis)} (limits.firstTokenSeconds)`)
      : stalled(`silent for ${seconds(idleMillis)} in the middle of the answer (limits.idleSeconds)`)
  })
  const total = Effect.andThen(
    Effect.sleep(turnMillis),
    stalled(`no end of the answer within ${seconds(turnMillis)} (limits.turnSeconds)`)
  )
  return yield* Effect.raceFirst(silence, total)
})
