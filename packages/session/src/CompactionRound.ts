import type { RoundId } from "@parley/domain/Ids"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import * as Effect from "effect/Effect"
import * as Compaction from "./Compaction.ts"
import { requestOf } from "./RequestOrigins.ts"
import * as RequestSize from "./RequestSize.ts"
import type { RetryGate } from "./RetryGate.ts"
import type { SessionLog } from "./SessionLog.ts"

/** A round in which nothing is said to the model: the history is summed up because the user wants it so. */
export const run = Effect.fn("CompactionRound.run")(function* (options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  readonly model: ModelInfo
  readonly gate: RetryGate
}) {
  const { log, model } = options
  const before = RequestSize.estimate(requestOf(log.state, model))
  const limit = Math.min(before.tokens, RequestSize.limitOf(model) ?? before.tokens)
  yield* Compaction.compact({ ...options, why: "request", before, limit, dynamic: [] })
  const stop: StopReason = "end"
  return stop
})
