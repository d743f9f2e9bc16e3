import * as Schema from "effect/Schema"
import type { Failure } from "./Failure.ts"
import { format, ModelRef } from "./ModelRef.ts"

const Detail = { detail: Schema.String }
/** The provider's id of the request, to quote when contacting the provider. */
const requestId = Schema.optionalKey(Schema.String)

/** How long the provider asks to wait before the next request, in milliseconds, if it says so. */
const retryAfterMillis = Schema.optionalKey(Schema.Int)

/**
 * The provider's rate limit was reached.
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...Detail,
  requestId,
  retryAfterMillis
}) {}
/**
 * The provider has no capacity, or failed on its side (5xx, 529).
 *
 * @since 0.1.0
 * @category errors
 */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {
  ...Detail,
  requestId,
  retryAfterMillis
}) {}
/**
 * Credit or a spend limit is used up. Waiting does not help.
 *
 * @since 0.1.0
 * @category errors
 */
export class QuotaExhausted extends Schema.TaggedError<QuotaExhausted>()("QuotaExhausted", { ...Detail, requestId }) {}
/**
 * The API key is missing or wrong, or lacks the necessary permissions.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { ...Detail, requestId }) {}
/**
 * The provider rejected the request as invalid, or Parley did not send it because it would be.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  ...Detail,
  requestId,
  /** The provider did not say what is wrong; the request may be too large. */
  unclear: Schema.optionalKey(Schema.Literal(true)),
  /** The provider rejected thinking that was sent back, because it was produced elsewhere or after a different request. */
  thinking: Schema.optionalKey(Schema.Literal(true))
}) {}
/**
 * The request does not fit the model's context window.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContextOverflow extends Schema.TaggedError<ContextOverflow>()("ContextOverflow", {
  ...Detail,
  requestId
}) {}
/**
 * The provider is not configured, or it has no such model.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownModel extends Schema.TaggedError<UnknownModel>()("UnknownModel", { ...Detail, requestId }) {}
/**
 * The model does not support what the configuration asks of it. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", Detail) {}
/**
 * The provider could not be reached.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", Detail) {}
/**
 * The stream ended early or without a stop reason, or violated the provider's own protocol.
 *
 * @since 0.1.0
 * @category errors
 */
export class StreamBroken extends Schema.TaggedError<StreamBroken>()("StreamBroken", Detail) {}
/**
 * The provider kept the connection open but stopped sending.
 *
 * @since 0.1.0
 * @category errors
 */
export class Stalled extends Schema.TaggedError<Stalled>()("Stalled", Detail) {}
/**
 * The model declined to answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class Refused extends Schema.TaggedError<Refused>()("Refused", Detail) {}
/**
 * The model stopped for a reason this version does not know.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownStop extends Schema.TaggedError<UnknownStop>()("UnknownStop", Detail) {}

/**
 * The model ended its turn without text, or without the tool call that its stop reason announced.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", Detail) {}

/**
 * How a request to a model can fail.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ModelErrorReason = Schema.Union([
  RateLimited,
  Overloaded,
  QuotaExhausted,
  Unauthorized,
  InvalidRequest,
  ContextOverflow,
  UnknownModel,
  Unsupported,
  Unreachable,
  StreamBroken,
  Stalled,
  Refused,
  UnknownStop,
  NoAnswer
])
export type ModelErrorReason = typeof ModelErrorReason.Type

const sentence: { readonly [Tag in ModelErrorReason["_tag"]]: string } = {
  RateLimited: "The provider's rate limit was reached; wait a little and try again",
  Overloaded: "The provider is overloaded or failing; try again later",
  QuotaExhausted: "The provider's credit or spend limit is used up; check your account with the provider",
  Unauthorized: "The provider refused the key; check that it is correct and has the necessary permissions",
  InvalidRequest: "The request is not valid",
  ContextOverflow: "The conversation no longer fits the model's context window",
  UnknownModel: "There is no such model",
  Unsupported: "The model does not support what was asked of it",
  Unreachable: "The provider could not be reached; check the network and the base URL",
  StreamBroken: "The provider's response ended early and was not used; send the message again",
  Stalled: "The provider stopped responding, and its partial response was not used; send the message again",
  Refused: "The model declined to answer",
  UnknownStop: "The model stopped for a reason this version of Parley does not know",
  NoAnswer: "The model did not answer; send the message again, or choose another model"
}

const rejections: ReadonlySet<string> = new Set<ModelErrorReason["_tag"]>([
  "InvalidRequest",
  "ContextOverflow",
  "Refused"
])

/**
 * Whether a failure was caused by the content of the request. Every later request of the session would fail for the same
 * reason, so they leave out what was added since the model last responded.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRejection = ({ error, reason }: Failure): boolean =>
  error === "ModelError" && reason !== undefined && rejections.has(reason)

/**
 * Whether a failure was caused by the size of the request, found before it was sent. Later requests leave the addition
 * out.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTooLarge = ({ error }: Failure): boolean => error === "ContextTooLarge"

const leftOut =
  "; later requests leave out what the rejected request added, so change your message before you send it again"

/**
 * A fallback model that was not asked, because it cannot take the request.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SkippedModel = Schema.Struct({
  model: ModelRef,
  /** For people: what the request needs and the model does not have. */
  reason: Schema.String
})
export type SkippedModel = typeof SkippedModel.Type

/**
 * Names the models that were skipped, with their reasons. Empty if there are none.
 *
 * @since 0.1.0
 * @category functions
 */
export const skippedText = (skipped: ReadonlyArray<SkippedModel>): string =>
  skipped.map(({ model, reason }) => `${format(model)} was skipped: ${reason}`).join("; ")

/**
 * A request to a model failed. `reason` says how; `RateLimited`, `Overloaded` and connection problems are retried.
 *
 * @since 0.1.0
 * @category errors
 */
export class ModelError extends Schema.TaggedError<ModelError>()("ModelError", {
  reason: ModelErrorReason,
  /** Fallback models that could have been asked instead, if they could take the request. Absent if there are none. */
  skipped: SkippedModel.pipe(Schema.Array, Schema.optionalKey),
  /** The error behind it, for logs; it is not stored. It must not contain credentials, as errors of HTTP clients may. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const { reason, skipped = [] } = this
    const wait = "retryAfterMillis" in reason ? (reason.retryAfterMillis ?? 0) : 0
    const again = wait === 0 ? "" : ` (it asks to wait ${Math.ceil(wait / 1000)} s)`
    const quote = "requestId" in reason && reason.requestId !== undefined ? ` (request ${reason.requestId})` : ""
    const advice = rejections.has(reason._tag) ? leftOut : ""
    const others = skipped.length === 0 ? "" : `; ${skippedText(skipped)}`
    return `${sentence[reason._tag]}: ${reason.detail}${again}${quote}${advice}${others}`
  }
}
