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
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { hasProperty, isNumber, isObject, isString } from "effect/Predicate"
import { readingOf } from "./Overflow.ts"
import { excerpt } from "./Text.ts"

/** An error as the API states it, over HTTP or inside a stream. */
export interface ApiFailure {
  /** Absent inside a stream, which has already answered 200. */
  readonly status?: number
  /** `error.type` and `error.details.error_code` of the body. */
  readonly type: string
  readonly code: string
  readonly message: string
  readonly requestId?: string
  readonly retryAfterMillis?: number
}

/** Spend limits come as 429 and as 403, missing credit as 400: by the API's stable codes first, by its words last. */
const outOfMoney = ({ code, message, status, type }: ApiFailure): boolean =>
  status === 402 ||
  type === "billing_error" ||
  /spend_limit|billing/.test(code) ||
  /credit balance|spend(ing)? limit|usage limits?\b|quota/i.test(message)

/** Statuses by which servers say that they do not take a request as it is. */
const rejecting: ReadonlySet<number | undefined> = new Set([400, 413, 422, undefined])

const tooLong = (failure: ApiFailure, kind: Kind): boolean => {
  // 413 counts bytes and not tokens, but the way out is the same: send less of the conversation.
  if (failure.status === 413 || failure.code === "request_body_too_large_after_decoding") return true
  const isNamed = readingOf({ type: failure.type, code: failure.code, message: "" }) === "too large"
  if (kind === "InvalidRequest" || failure.status === undefined) return readingOf(failure) === "too large"
  // Some servers count it as a failure of their own.
  return kind === "Overloaded" && isNamed
}

type Kind =
  | "RateLimited"
  | "Overloaded"
  | "QuotaExhausted"
  | "Unauthorized"
  | "InvalidRequest"
  | "ContextOverflow"
  | "UnknownModel"
  | "Unreachable"
  | "StreamBroken"

const byType: ReadonlyMap<string, Kind> = new Map([
  ["overloaded_error", "Overloaded"],
  ["api_error", "Overloaded"],
  ["timeout_error", "Overloaded"],
  ["rate_limit_error", "RateLimited"],
  ["authentication_error", "Unauthorized"],
  ["permission_error", "Unauthorized"],
  ["billing_error", "QuotaExhausted"],
  ["not_found_error", "UnknownModel"],
  ["invalid_request_error", "InvalidRequest"],
  ["request_too_large", "ContextOverflow"]
])

const byStatus = (status: number): Kind => {
  if (status >= 500) return "Overloaded"
  // Redirects are not followed, since the key would go along: what answers here is not the API.
  if (status >= 300 && status < 400) return "Unreachable"
  switch (status) {
    case 401:
    case 403:
      return "Unauthorized"
    // A timeout and a lock timeout of the server: the SDK, too, counts both as passing.
    case 408:
    case 409:
      return "Overloaded"
    case 429:
      return "RateLimited"
    default:
      return "InvalidRequest"
  }
}

/** A server without such a path says so in its own words; only the API's own speak of a model. */
const isOfModel = ({ message, type }: ApiFailure): boolean =>
  /\bmodels?\b/i.test(message) || (type === "not_found_error" && message.trim() === "")

const kindOf = (failure: ApiFailure): Kind => {
  if (failure.status === 404) return isOfModel(failure) ? "UnknownModel" : "Unreachable"
  const kind = failure.status === undefined ? (byType.get(failure.type) ?? "StreamBroken") : byStatus(failure.status)
  const refined = kind === "RateLimited" || kind === "InvalidRequest" || kind === "Unauthorized"
  if (refined && outOfMoney(failure)) return "QuotaExhausted"
  const mayBeTooLong = kind === "InvalidRequest" || kind === "Overloaded" || kind === "StreamBroken"
  return mayBeTooLong && tooLong(failure, kind) ? "ContextOverflow" : kind
}

/** Signatures, and what they bind a block to, are words of thinking alone. */
const isAboutThinking = ({ code, message, type }: ApiFailure): boolean =>
  !/budget_tokens|thinking\.type|thinking: input/i.test(message) &&
  /signature|\bbound to\b|block_binding|prefix_mismatch|encrypted_content|(?:thinking|reasoning)\b.{0,120}(?:cannot be modified|must remain|not (?:match|valid|fit)|mismatch|invalid|different|decrypt|verif)|(?:invalid|unexpected|unknown|unsupported)\b.{0,40}(?:thinking|reasoning)/is.test(
    `${type} ${code} ${message.slice(0, 2000)}`
  )

/** Whether all that is known is that the request was not taken: it may be too large. */
const isUnclear = (failure: ApiFailure): boolean => rejecting.has(failure.status) && readingOf(failure) === "unclear"

const make = (kind: Kind, failure: ApiFailure, detail: string, secret: string): ModelErrorReason => {
  // The id is as foreign as the message: a header may repeat whatever was sent.
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

/** The reason for an error that the API stated. `secret` never appears in it. */
export const fromApi = (failure: ApiFailure, secret: string): ModelErrorReason => {
  const head = [failure.status === undefined ? "" : `HTTP ${failure.status}`, failure.type, failure.code]
  const words = head.filter((word) => word !== "").join(" ")
  const kind = kindOf(failure)
  const said = excerpt([words, failure.message].filter((s) => s !== "").join(": "), 300, secret)
  const isWrongPath = kind === "Unreachable" && failure.status === 404
  return make(kind, failure, isWrongPath ? `${said}; the base URL leads to no Messages API, correct it` : said, secret)
}

/**
 * `retry-after-ms`, else `retry-after` in seconds or as an HTTP date. A date is by the server's clock: it is counted from the
 * `date` of the same response, so that a clock which is wrong here or there makes the wait no other.
 */
export const retryAfterMillis = (header: (name: string) => string | null, now: number): number | undefined => {
  const wait = (millis: number) =>
    Number.isFinite(millis) ? Math.min(Math.max(0, Math.ceil(millis)), Number.MAX_SAFE_INTEGER) : undefined
  const millis = header("retry-after-ms")
  if (millis !== null && millis.trim() !== "") return wait(Number(millis))
  const after = header("retry-after")
  if (after === null || after.trim() === "") return undefined
  const seconds = Number(after)
  if (!Number.isNaN(seconds)) return wait(seconds * 1000)
  const millisOf = (date: string | null) => Option.map(DateTime.make(date ?? ""), (at) => at.epochMilliseconds)
  const sent = Option.getOrElse(millisOf(header("date")), () => now)
  return Option.getOrUndefined(Option.map(millisOf(after), (until) => wait(until - sent)))
}

/** The innermost cause says what happened ("connect ECONNREFUSED …"), the outer ones only that something did. */
const innermost = (error: unknown): unknown =>
  hasProperty(error, "cause") && isObject(error.cause) ? innermost(error.cause) : error

const words = (error: unknown): string => {
  const message = hasProperty(error, "message") && isString(error.message) ? error.message : ""
  const code = hasProperty(error, "code") && isString(error.code) ? error.code : ""
  return message.includes(code) ? message : `${code} ${message}`.trim()
}

const headerOf = (error: unknown, name: string): string | null => {
  const headers = hasProperty(error, "headers") ? error.headers : undefined
  return headers instanceof Headers ? headers.get(name) : null
}

/** The reason for what the SDK threw before a stream began. */
export const fromThrown = (error: unknown, now: number, secret: string): ModelErrorReason => {
  const status = hasProperty(error, "status") ? error.status : undefined
  if (!isNumber(status))
    return new Unreachable({ detail: excerpt(words(innermost(error)) || "no answer", 300, secret) })
  const text = (name: "type" | "errorCode" | "apiMessage" | "message"): string => {
    const value = hasProperty(error, name) ? error[name] : undefined
    return isString(value) ? value : ""
  }
  const body = hasProperty(error, "error") ? error.error : undefined
  const location = headerOf(error, "location")
  const requestId =
    headerOf(error, "request-id") ??
    (hasProperty(body, "request_id") && isString(body.request_id) ? body.request_id : headerOf(error, "x-request-id"))
  const wait = retryAfterMillis((name) => headerOf(error, name), now)
  return fromApi(
    {
      status,
      type: text("type"),
      code: text("errorCode"),
      message:
        text("apiMessage") ||
        (location === null
          ? text("message").replace(/^\d+ /, "")
          : `the base URL redirects to ${location}; use that one`),
      ...(requestId === null ? {} : { requestId }),
      ...(wait === undefined ? {} : { retryAfterMillis: wait })
    },
    secret
  )
}

/** The reason for a stream that broke while it was read. */
export const broken = (detail: string): StreamBroken => new StreamBroken({ detail })

export const brokenBy = (error: unknown, secret: string): StreamBroken =>
  broken(`the connection broke: ${excerpt(words(innermost(error)) || "no reason given", 200, secret)}`)
