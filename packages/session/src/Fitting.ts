import { ContextTooLarge, type HandleMessageError } from "@parley/domain/Errors"
import type { RoundId } from "@parley/domain/Ids"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { DynamicResult } from "@parley/domain/SessionContext"
import * as Effect from "effect/Effect"
import * as Caps from "./Caps.ts"
import { isThinking } from "./BoundThinking.ts"
import * as Compaction from "./Compaction.ts"
import { CompactionSettings } from "./CompactionSettings.ts"
import { Limits } from "./Limits.ts"
import { requestOf } from "./RequestOrigins.ts"
import * as RequestSize from "./RequestSize.ts"
import type { RetryGate } from "./RetryGate.ts"
import type { SessionLog } from "./SessionLog.ts"

/** What a model that said "too large" is sent at most of what it was sent, when it is not known how much it takes. */
const afterOverflow = 0.75

/** From this share of what the model takes, a request that is refused without a reason may be too large. */
const suspicious = 1 / 4

const isOverflow = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && error.reason._tag === "ContextOverflow"

const isUnclear = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && error.reason._tag === "InvalidRequest" && error.reason.unclear === true

const isAboutThinking = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && error.reason._tag === "InvalidRequest" && error.reason.thinking === true

/** Keeps the requests of one round within what the model takes. */
export const make = (options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  readonly model: ModelInfo
  readonly gate: RetryGate
  /** The round's dynamic context. */
  readonly dynamic: ReadonlyArray<DynamicResult>
}) => {
  const { log, model } = options
  const { state } = log
  const limit = RequestSize.limitOf(model)
  let size: TokenCount | undefined
  let recovered = false
  let dropping = false
  let dropped = false

  const request = () => requestOf(state, model, dropping ? "none" : "fitting")

  const isLarge = () => limit !== undefined && (size ?? RequestSize.estimate(request())).tokens >= limit * suspicious
  const affordable = Effect.flatMap(Limits, (limits) => Caps.spend(state, limits))

  const off = (tokens: number, most: number) =>
    new ContextTooLarge({
      tokens,
      limit: most,
      problem: "compaction is switched off; `parley sessions compact` makes the history smaller"
    })

  /** Before each request: how large it is, and a smaller history if that is too large. */
  const before = Effect.gen(function* () {
    size = yield* RequestSize.measure(state, request(), limit)
    if (limit === undefined || size.tokens <= limit) return
    const { auto } = yield* CompactionSettings
    if (!auto) return yield* off(size.tokens, limit)
    size = yield* Compaction.compact({ ...options, why: "budget", before: size, limit })
    // The summary may have taken what was left.
    yield* affordable
  })

  /**
   * Once in a round, a request that the provider itself finds too large is made smaller and sent again, and so is a large
   * one that it refuses without saying why. If it cannot be made smaller, the provider's word stands.
   */
  const recovering = <A, E extends HandleMessageError, R>(ask: Effect.Effect<A, E, R>) =>
    Effect.catchIf(
      ask,
      (error) => !recovered && (isOverflow(error) || (isLarge() && isUnclear(error))),
      (error) =>
        Effect.gen(function* () {
          recovered = true
          const { auto } = yield* CompactionSettings
          if (!auto) return yield* error
          const was = size ?? RequestSize.estimate(request())
          const most = Math.floor(Math.min(limit ?? was.tokens, was.tokens * afterOverflow))
          size = yield* Compaction.compact({ ...options, why: "overflow", before: was, limit: most }).pipe(
            Effect.catchTag("ContextTooLarge", () => Effect.fail(error))
          )
          yield* affordable
          return yield* ask
        })
    )

  /** Once in a round, a request whose thinking the provider refuses is sent again without any. */
  const withoutThinking = <A, E extends HandleMessageError, R>(ask: Effect.Effect<A, E, R>) => {
    const hasThinking = () => request().messages.some(({ content }) => content.some(isThinking))
    const again = Effect.suspend(() => {
      dropped = true
      dropping = true
      return ask
    }).pipe(Effect.ensuring(Effect.sync(() => void (dropping = false))))
    return ask.pipe(
      Effect.catchIf(
        (error) => !dropped && isAboutThinking(error) && hasThinking(),
        () => again
      )
    )
  }

  return {
    request,
    before,
    recovering: <A, E extends HandleMessageError, R>(ask: Effect.Effect<A, E, R>) =>
      ask.pipe(withoutThinking, recovering),
    /** The request does without the thinking that the provider has refused. */
    get dropping() {
      return dropping
    },
    /** What `before` found, for the turn's record. */
    get size() {
      return size
    }
  }
}
