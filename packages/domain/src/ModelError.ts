import * as Schema from "effect/Schema"
import type { Failure } from "./Failure.ts"

const Detail = { detail: Schema.String }
/** The provider's id for the request, to quote in a report. */
const requestId = Schema.optionalKey(Schema.String)

/** How long the provider asks to be left alone, if it says so. */
const retryAfterMillis = Schema.optionalKey(Schema.Int)

/** Too many requests. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...Detail,
  requestId,
  retryAfterMillis
}) {}
/** The provider has no capacity, or failed on its side (5xx, 529). */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {
  ...Detail,
  requestId,
  retryAfterMillis
}) {}
/** Money ran out: waiting does not help. */
export class QuotaExhausted extends Schema.TaggedError<QuotaExhausted>()("QuotaExhausted", { ...Detail, requestId }) {}
/** The key is missing, wrong or not allowed to do this. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { ...Detail, requestId }) {}
/** The provider rejected the request as it is. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  ...Detail,
  requestId,
  /** It does not say what is wrong: the request may be too large. */
  unclear: Schema.optionalKey(Schema.Literal(true)),
  /** It does not take thinking that is sent back: it was produced elsewhere, or after something else. */
  thinking: Schema.optionalKey(Schema.Literal(true))
}) {}
/** The request does not fit the model's context window. */
export class ContextOverflow extends Schema.TaggedError<ContextOverflow>()("ContextOverflow", {
  ...Detail,
  requestId
}) {}
/** No such provider is configured, or it has no such model. */
export class UnknownModel extends Schema.TaggedError<UnknownModel>()("UnknownModel", { ...Detail, requestId }) {}
/** The provider could not be reached. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", Detail) {}
/** The stream broke off, ended without a stop reason, or broke the provider's own protocol. */
export class StreamBroken extends Schema.TaggedError<StreamBroken>()("StreamBroken", Detail) {}
/** The provider kept the connection open and stopped answering. */
export class Stalled extends Schema.TaggedError<Stalled>()("Stalled", Detail) {}
/** The model declined to answer. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", Detail) {}
/** The model stopped for a reason this version does not know. */
export class UnknownStop extends Schema.TaggedError<UnknownStop>()("UnknownStop", Detail) {}

/** The model ended its turn without the answer, or the tool call, that it should hold. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", Detail) {}

export const ModelErrorReason = Schema.Union([
  RateLimited,
  Overloaded,
  QuotaExhausted,
  Unauthorized,
  InvalidRequest,
  ContextOverflow,
  UnknownModel,
  Unreachable,
  StreamBroken,
  Stalled,
  Refused,
  UnknownStop,
  NoAnswer
])
export type ModelErrorReason = typeof ModelErrorReason.Type

const sentence: { readonly [Tag in ModelErrorReason["_tag"]]: string } = {
  RateLimited: "The provider limits how often it may be asked; wait a little and try again",
  Overloaded: "The provider is overloaded or failing; try again later",
  QuotaExhausted: "The provider's credit or spend limit is used up; see your account with it",
  Unauthorized: "The provider refused the key; check the key and what it may do",
  InvalidRequest: "The request is not valid",
  ContextOverflow: "The conversation no longer fits the model's context window",
  UnknownModel: "No such model; `parley models` lists what is configured",
  Unreachable: "The provider could not be reached; check the network and the base URL",
  StreamBroken: "The provider's answer broke off; nothing of it was used, send the message again",
  Stalled: "The provider stopped answering; nothing of the answer was used, send the message again",
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
 * Whether a failure is about what the request said. To say it again would fail again, with every later request of the
 * session, so what was added since the model last answered is left out of them.
 */
export const isRejection = ({ error, reason }: Failure): boolean =>
  error === "ModelError" && reason !== undefined && rejections.has(reason)

/** The same, found out before anything was sent. */
export const isTooLarge = ({ error }: Failure): boolean => error === "ContextTooLarge"

const leftOut = "; what it added to the conversation is not sent again, so change it before you repeat it"

/** Everything that can go wrong between us and a model. `reason` picks the case. */
export class ModelError extends Schema.TaggedError<ModelError>()("ModelError", { reason: ModelErrorReason }) {
  override get message(): string {
    const { reason } = this
    const wait = "retryAfterMillis" in reason ? (reason.retryAfterMillis ?? 0) : 0
    const again = wait === 0 ? "" : ` (it asks to wait ${Math.ceil(wait / 1000)} s)`
    const quote = "requestId" in reason && reason.requestId !== undefined ? ` (request ${reason.requestId})` : ""
    const advice = rejections.has(reason._tag) ? leftOut : ""
    return `${sentence[reason._tag]}: ${reason.detail}${again}${quote}${advice}`
  }
}
