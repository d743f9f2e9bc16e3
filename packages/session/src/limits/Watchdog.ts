import * as Effect from "effect/Effect"
import { ModelError, Stalled } from "@parley/domain/ModelError"
import { Limits } from "./Limits.ts"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"

const isProgress = (chunk: ProviderChunk): boolean => {
  switch (chunk._tag) {
    case "TextDelta":
    case "ThinkingDelta":
      return chunk.text !== ""
    case "ToolInputDelta":
      return chunk.json !== ""
    case "ThinkingEnd":
    case "OpaqueBlock":
      return chunk.raw !== ""
    case "TextCitation":
    case "UsageSoFar":
    case "ToolCallStart":
    case "Finish":
      return true
  }
}

export type Progress = ReturnType<typeof makeProgress>

/**
 * Counts how often a part of the response arrived. Empty chunks do not count: they only keep the connection alive, and a
 * provider that sends nothing else has stopped responding. `onFirst` is called when the first part arrives.
 */
export const makeProgress = (onFirst?: () => void) => {
  let count = 0
  return {
    count: () => count,
    add: (chunks: ReadonlyArray<ProviderChunk>): void => {
      if (chunks.some(isProgress) && count++ === 0) onFirst?.()
    }
  }
}

/**
 * Progress is checked this many times per limit. Silence is therefore detected at most one interval late, and never
 * early.
 */
const parts = 8

const stalled = (detail: string) => Effect.fail(new ModelError({ reason: new Stalled({ detail }) }))
const seconds = (millis: number) => `${millis / 1000} s`

/**
 * Fails with `Stalled` if a provider stops responding: no first chunk, too long a pause within the response, or no end of
 * the response. Race it with the stream. `arrived` returns the number of parts received so far (see `makeProgress`). It
 * is polled a few times per limit, so chunks need no timer and no clock. A suspension of this process, or a change of the
 * wall clock, does not count as silence of the provider.
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
