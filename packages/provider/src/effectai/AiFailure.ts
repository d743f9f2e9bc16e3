import {
  ContextOverflow,
  InvalidRequest,
  ModelError,
  type ModelErrorReason,
  Overloaded,
  QuotaExhausted,
  RateLimited,
  Refused,
  StreamBroken,
  Unauthorized,
  Unreachable
} from "@parley/domain/ModelError"
import * as Duration from "effect/Duration"
import type * as AiError from "effect/ai/AiError"
import { readingOf } from "../errors/Overflow.ts"
import { excerpt } from "../text/Text.ts"

const short = (text: string): string => excerpt(text, 500, "")

const reasonOf = (reason: AiError.AiErrorReason): ModelErrorReason => {
  const detail = short(reason.message)
  const after = "retryAfter" in reason ? reason.retryAfter : undefined
  const wait = after === undefined ? {} : { retryAfterMillis: Math.round(Duration.toMillis(after)) }
  switch (reason._tag) {
    case "RateLimitError":
      return new RateLimited({ detail, ...wait })
    case "QuotaExhaustedError":
      return new QuotaExhausted({ detail })
    case "AuthenticationError":
      return new Unauthorized({ detail })
    case "ContentPolicyError":
      return new Refused({ detail })
    case "NetworkError":
      return new Unreachable({ detail })
    case "InternalProviderError":
      return new Overloaded({ detail, ...wait })
    case "InvalidRequestError":
      return readingOf({ type: "", code: "", message: reason.message }) === "too large"
        ? new ContextOverflow({ detail })
        : new InvalidRequest({ detail })
    case "UnsupportedSchemaError":
    case "ToolConfigurationError":
    case "ToolkitRequiredError":
    case "InvalidUserInputError":
      return new InvalidRequest({ detail })
    default:
      return new StreamBroken({ detail })
  }
}

/** The error of a model of `effect/ai` as the engine's. Temporary ones are retried by the engine. */
export const fromAiError = ({ reason }: AiError.AiError): ModelError => new ModelError({ reason: reasonOf(reason) })

/** A response that breaks the rules of `effect/ai`. */
export const broken = (detail: string): ModelError =>
  new ModelError({ reason: new StreamBroken({ detail: short(detail) }) })
