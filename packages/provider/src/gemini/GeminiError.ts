import type { ModelErrorReason } from "@parley/domain/ModelError"
import { hasProperty, isNumber, isObject } from "effect/Predicate"
import { type ApiFailure, type Kind, reasonOf } from "../errors/ApiError.ts"
import * as ThrownError from "../errors/ThrownError.ts"
import { string } from "../text/JsonObject.ts"

/** The codes of `google.rpc.Code` that Google's APIs send as the status of an error. */
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["RESOURCE_EXHAUSTED", "RateLimited"],
  ["UNAVAILABLE", "Overloaded"],
  ["INTERNAL", "Overloaded"],
  ["UNKNOWN", "Overloaded"],
  ["ABORTED", "Overloaded"],
  ["CANCELLED", "Overloaded"],
  ["DEADLINE_EXCEEDED", "Overloaded"],
  ["UNAUTHENTICATED", "Unauthorized"],
  ["PERMISSION_DENIED", "Unauthorized"],
  ["NOT_FOUND", "UnknownModel"],
  ["INVALID_ARGUMENT", "InvalidRequest"],
  ["FAILED_PRECONDITION", "InvalidRequest"],
  ["OUT_OF_RANGE", "InvalidRequest"]
])

const read = (value: unknown, name: string): unknown => (hasProperty(value, name) ? value[name] : undefined)
const listIn = (value: unknown, name: string): ReadonlyArray<unknown> => {
  const list = read(value, name)
  return Array.isArray(list) ? list : []
}

/** The wait of `google.rpc.RetryInfo`, a duration such as `34.07s`, in milliseconds. */
const waitOf = (delay: unknown): number | undefined => {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(string(delay))?.[1]
  return seconds === undefined ? undefined : Math.min(Math.ceil(Number(seconds) * 1000), Number.MAX_SAFE_INTEGER)
}

/**
 * An error as Google's APIs write it: `{ code, message, status, details }`. The code of the result is the reason of
 * `google.rpc.ErrorInfo`, or else the ids of the quotas in `google.rpc.QuotaFailure`. A response that is not an event stream
 * is a list of one such error.
 */
const failureOf = (error: unknown): ApiFailure => {
  if (Array.isArray(error)) return failureOf(error[0])
  if (hasProperty(error, "error")) return failureOf(error.error)
  if (!isObject(error)) return { type: "", code: "", message: string(error) }
  const details = listIn(error, "details")
  const reason = details.map((detail) => string(read(detail, "reason"))).find((text) => text !== "")
  const quotas = details
    .flatMap((detail) => listIn(detail, "violations"))
    .map((violation) => string(read(violation, "quotaId")))
    .filter((id) => id !== "")
  const wait = details.map((detail) => waitOf(read(detail, "retryDelay"))).find((millis) => millis !== undefined)
  const code = read(error, "code")
  return {
    type: string(read(error, "status")),
    code: quotas.length > 0 ? quotas.join(" ") : (reason ?? ""),
    message: string(read(error, "message")),
    ...(isNumber(code) && code >= 400 && code < 600 ? { status: Math.trunc(code) } : {}),
    ...(wait === undefined ? {} : { retryAfterMillis: wait })
  }
}

/**
 * The API reports rate limits and used-up quotas in the same words, "You exceeded your current quota", with the same status.
 * The id of the quota has the time after which it is available again. A wrong key is a 400 like an invalid request.
 */
const kindOf = ({ code, message, status, type }: ApiFailure): Kind | undefined => {
  if (code === "API_KEY_INVALID" || /^API key (?:not valid|expired)/i.test(message)) return "Unauthorized"
  if (status !== 429 && type !== "RESOURCE_EXHAUSTED") return undefined
  const isUsedUp =
    /per(?:day|week|month)/i.test(code) ||
    /\blimit: 0\b|credits? (?:are|is) depleted|spend(?:ing)? (?:cap|limit)|billing account/i.test(message)
  return isUsedUp ? "QuotaExhausted" : "RateLimited"
}

const sdk: ThrownError.Sdk = {
  api: "the Gemini API",
  kinds,
  kindOf,
  describe: (error) => failureOf(read(error, "error"))
}

/** Converts an error that the server reported inside a stream. `secret` never appears in the result. */
export const reported = (
  error: unknown,
  secret: string,
  requestId: { readonly requestId?: string }
): ModelErrorReason => reasonOf(sdk, { ...failureOf(error), ...requestId }, secret)

/** Converts a response without a success status, or what `fetch` threw. */
export const fromThrown = (error: unknown, now: number, secret: string): ModelErrorReason =>
  ThrownError.fromThrown(sdk, error, now, secret)
