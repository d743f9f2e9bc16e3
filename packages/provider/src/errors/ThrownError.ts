import { type ModelErrorReason, StreamBroken, Unreachable } from "@parley/domain/ModelError"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { hasProperty, isNumber, isObject, isString } from "effect/Predicate"
import { excerpt } from "../text/Text.ts"
import { type Dialect, reasonOf } from "./ApiError.ts"

/**
 * The wait in milliseconds from `retry-after-ms`, or else from `retry-after` in seconds or as an HTTP date. A date uses the
 * server's clock, so it is compared with the `date` header of the same response. So a wrong clock on either side has no
 * effect.
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

/** The innermost cause describes the failure ("connect ECONNREFUSED …"); the outer ones are generic. */
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

/** How an SDK represents an error of its API. */
export interface Sdk extends Dialect {
  readonly describe: (error: unknown) => {
    readonly type: string
    readonly code: string
    readonly message: string
    /** A wait that the body of the response contains. Headers take precedence. */
    readonly retryAfterMillis?: number
  }
}

/** The text that a property of an error contains; empty if it contains none. */
export const textIn = (error: unknown, name: string): string => {
  const value = hasProperty(error, name) ? error[name] : undefined
  return isString(value) ? value : ""
}

/** Converts an error that an SDK threw before the stream began. */
export const fromThrown = (sdk: Sdk, error: unknown, now: number, secret: string): ModelErrorReason => {
  const status = hasProperty(error, "status") ? error.status : undefined
  if (!isNumber(status))
    return new Unreachable({ detail: excerpt(words(innermost(error)) || "no response", 300, secret) })
  const body = hasProperty(error, "error") ? error.error : undefined
  const location = headerOf(error, "location")
  const requestId =
    headerOf(error, "request-id") ??
    (hasProperty(body, "request_id") && isString(body.request_id) ? body.request_id : headerOf(error, "x-request-id"))
  const { code, message, retryAfterMillis: inBody, type } = sdk.describe(error)
  const wait = retryAfterMillis((name) => headerOf(error, name), now) ?? inBody
  return reasonOf(
    sdk,
    {
      status,
      type,
      code,
      message:
        message ||
        (location === null
          ? textIn(error, "message").replace(/^\d+ /, "")
          : `the base URL redirects to ${location}; set it to that address`),
      ...(requestId === null ? {} : { requestId }),
      ...(wait === undefined ? {} : { retryAfterMillis: wait })
    },
    secret
  )
}

/** The reason for a stream that failed while it was read. */
export const broken = (detail: string): StreamBroken => new StreamBroken({ detail })

export const brokenBy = (error: unknown, secret: string): StreamBroken =>
  broken(`the connection broke: ${excerpt(words(innermost(error)) || "no reason given", 200, secret)}`)
