import {
  ContextOverflow,
  InvalidRequest,
  type ModelErrorReason,
  Overloaded,
  QuotaExhausted,
  RateLimited,
  StreamBroken,
  Unauthorized,
  UnknownModel,
  Unreachable
} from "@parley/domain/ModelError"
import { excerpt } from "../text/Text.ts"
import { readingOf } from "./Overflow.ts"

/** An error that the API reports, as an HTTP response or inside a stream. */
export interface ApiFailure {
  /** Absent inside a stream, whose status was already 200. */
  readonly status?: number
  /** The type and the code that the body of the error contains. */
  readonly type: string
  readonly code: string
  readonly message: string
  readonly requestId?: string
  readonly retryAfterMillis?: number
}

/**
 * Spend limits are reported with 429 or 403, missing credit with 400. So this checks the API's stable codes first, and the
 * text of the message last.
 */
const outOfMoney = ({ code, message, status, type }: ApiFailure): boolean =>
  status === 402 ||
  type === "billing_error" ||
  type === "insufficient_quota" ||
  /spend_limit|billing|insufficient_quota/.test(code) ||
  /credit balance|spend(ing)? limit|usage limits?\b|quota/i.test(message)

/** Statuses with which servers reject the content of a request. Undefined is an error inside a stream. */
const rejecting: ReadonlySet<number | undefined> = new Set([400, 413, 422, undefined])

const tooLong = (failure: ApiFailure, kind: Kind): boolean => {
  // 413 refers to bytes and not to tokens, but the remedy is the same: send less of the conversation.
  if (failure.status === 413 || failure.code === "request_body_too_large_after_decoding") return true
  const isNamed = readingOf({ type: failure.type, code: failure.code, message: "" }) === "too large"
  if (kind === "InvalidRequest" || failure.status === undefined) return readingOf(failure) === "too large"
  // Some servers report it as a server error.
  return kind === "Overloaded" && isNamed
}

export type Kind =
  | "RateLimited"
  | "Overloaded"
  | "QuotaExhausted"
  | "Unauthorized"
  | "InvalidRequest"
  | "ContextOverflow"
  | "UnknownModel"
  | "Unreachable"
  | "StreamBroken"

/** How one API describes its errors. */
export interface Dialect {
  /** The API's name, for the message about a wrong base URL. */
  readonly api: string
  /** The kinds of error types, and of error codes whose type is not known. They count where there is no HTTP status. */
  readonly kinds: ReadonlyMap<string, Kind>
  /** What this API means where its statuses and texts differ from those of others. Undefined: the general rules apply. */
  readonly kindOf?: (failure: ApiFailure) => Kind | undefined
}

const byStatus = (status: number): Kind => {
  if (status >= 500) return "Overloaded"
  // Redirects are not followed, because the key would be sent along. A server that redirects is not the API.
  if (status >= 300 && status < 400) return "Unreachable"
  switch (status) {
    case 401:
    case 403:
      return "Unauthorized"
    // A request timeout and a lock timeout of the server. The SDK also treats both as temporary.
    case 408:
    case 409:
      return "Overloaded"
    case 429:
      return "RateLimited"
    default:
      return "InvalidRequest"
  }
}

/**
 * Whether a 404 is about the model. A server that does not know the path uses its own text, which does not mention a model.
 */
const isOfModel = ({ message, type }: ApiFailure): boolean =>
  /\bmodels?\b/i.test(message) || (type === "not_found_error" && message.trim() === "")

const kindOf = (failure: ApiFailure, { kindOf: own, kinds }: Dialect): Kind => {
  const special = own?.(failure)
  if (special !== undefined) return special
  if (failure.status === 404) return isOfModel(failure) ? "UnknownModel" : "Unreachable"
  const kind =
    failure.status === undefined
      ? (kinds.get(failure.type) ?? kinds.get(failure.code) ?? "StreamBroken")
      : byStatus(failure.status)
  const refined = kind === "RateLimited" || kind === "InvalidRequest" || kind === "Unauthorized"
  if (refined && outOfMoney(failure)) return "QuotaExhausted"
  const mayBeTooLong = kind === "InvalidRequest" || kind === "Overloaded" || kind === "StreamBroken"
  return mayBeTooLong && tooLong(failure, kind) ? "ContextOverflow" : kind
}

/** Errors about the request's own settings for thinking. Leaving out earlier thinking would not change them. */
const aboutSettings = /budget_tokens|thinking\.type|thinking: input|encrypted content is not supported/i

/** Errors about thinking that was sent back: about its binding, its signature, its encryption, or an item that is missing. */
const aboutThinking =
  /signature|\bbound to\b|block_binding|prefix_mismatch|encrypted[_ ]content|\brs_\w+.{0,80}not (?:found|persisted)|(?:thinking|reasoning)\b.{0,120}(?:cannot be modified|must remain|not (?:match|valid|fit)|mismatch|invalid|different|decrypt|verif|without its required)|(?:invalid|unexpected|unknown|unsupported)\b.{0,40}(?:thinking|reasoning)/is

/** Whether the provider rejected thinking that was sent back. */
const isAboutThinking = ({ code, message, type }: ApiFailure): boolean =>
  !aboutSettings.test(message) && aboutThinking.test(`${type} ${code} ${message.slice(0, 2000)}`)

/** Whether it is only known that the request was rejected. The reason may be that it is too large. */
const isUnclear = (failure: ApiFailure): boolean => rejecting.has(failure.status) && readingOf(failure) === "unclear"

const make = (kind: Kind, failure: ApiFailure, detail: string, secret: string): ModelErrorReason => {
  // The id is as untrusted as the message: a header may repeat anything that was sent.
  const requestId = failure.requestId === undefined ? "" : excerpt(failure.requestId, 100, secret)
  const fields = { detail, ...(requestId === "" ? {} : { requestId }) }
  const wait = failure.retryAfterMillis === undefined ? {} : { retryAfterMillis: failure.retryAfterMillis }
  switch (kind) {
    case "RateLimited":
      return new RateLimited({ ...fields, ...wait })
    case "Overloaded":
      return new Overloaded({ ...fields, ...wait })
    case "QuotaExhausted":
      return new QuotaExhausted(fields)
    case "Unauthorized":
      return new Unauthorized(fields)
    case "InvalidRequest":
      return new InvalidRequest({
        ...fields,
        ...(isUnclear(failure) ? { unclear: true } : {}),
        ...(isAboutThinking(failure) ? { thinking: true } : {})
      })
    case "ContextOverflow":
      return new ContextOverflow(fields)
    case "UnknownModel":
      return new UnknownModel(fields)
    case "Unreachable":
      return new Unreachable({ detail })
    case "StreamBroken":
      return new StreamBroken({ detail })
  }
}

/** Converts an error that an API reported. `secret` never appears in the result. */
export const reasonOf = (dialect: Dialect, failure: ApiFailure, secret: string): ModelErrorReason => {
  const head = [failure.status === undefined ? "" : `HTTP ${failure.status}`, failure.type, failure.code]
  const words = head.filter((word) => word !== "").join(" ")
  const kind = kindOf(failure, dialect)
  const detail = excerpt([words, failure.message].filter((s) => s !== "").join(": "), 300, secret)
  const isWrongPath = kind === "Unreachable" && failure.status === 404
  return make(
    kind,
    failure,
    isWrongPath ? `${detail}; the base URL is not that of ${dialect.api}; correct it` : detail,
    secret
  )
}
