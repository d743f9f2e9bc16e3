import type { ModelErrorReason } from "@parley/domain/ModelError"
import { hasProperty, isNumber, isObject, isString } from "effect/Predicate"
import { type ApiFailure, type Kind, reasonOf } from "../errors/ApiError.ts"
import * as ThrownError from "../errors/ThrownError.ts"
import { string } from "../text/JsonObject.ts"

/** The types and codes of errors inside a stream, by OpenAI and by servers that follow its API. */
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["server_error", "Overloaded"],
  ["api_error", "Overloaded"],
  ["internal_error", "Overloaded"],
  ["overloaded", "Overloaded"],
  ["overloaded_error", "Overloaded"],
  ["server_is_overloaded", "Overloaded"],
  ["service_unavailable", "Overloaded"],
  ["unavailable_error", "Overloaded"],
  ["slow_down", "Overloaded"],
  ["timeout", "Overloaded"],
  ["rate_limit_exceeded", "RateLimited"],
  ["rate_limit_error", "RateLimited"],
  ["tokens", "RateLimited"],
  ["requests", "RateLimited"],
  ["insufficient_quota", "QuotaExhausted"],
  ["authentication_error", "Unauthorized"],
  ["invalid_api_key", "Unauthorized"],
  ["permission_error", "Unauthorized"],
  ["model_not_found", "UnknownModel"],
  ["not_found_error", "UnknownModel"],
  ["invalid_request_error", "InvalidRequest"],
  ["invalid_prompt", "InvalidRequest"],
  ["exceed_context_size_error", "ContextOverflow"],
  ["context_length_exceeded", "ContextOverflow"]
])

/**
 * An error as a server writes it: `{ message, type, code }`, or only its text. Servers that are not OpenAI's may write an
 * HTTP status as the code, within a stream too.
 */
const failureOf = (error: unknown): ApiFailure => {
  // Some servers send a list of one error.
  if (Array.isArray(error)) return failureOf(error[0])
  if (hasProperty(error, "error")) return failureOf(error.error)
  if (!isObject(error)) return { type: "", code: "", message: string(error) }
  const read = (name: string): unknown => (hasProperty(error, name) ? error[name] : undefined)
  const code = read("code")
  const number = isString(code) && /^[45]\d\d$/.test(code) ? Number(code) : code
  const status = isNumber(number) && number >= 400 && number < 600 ? Math.trunc(number) : undefined
  return {
    type: string(read("type")),
    code: status === undefined ? (isNumber(code) ? String(code) : string(code)) : "",
    message: string(read("message")) || string(read("detail")),
    ...(status === undefined ? {} : { status })
  }
}

const sdk: ThrownError.Sdk = {
  api: "an OpenAI-compatible API",
  kinds,
  describe: (error) => failureOf(hasProperty(error, "error") ? error.error : undefined)
}

/** Converts an error that the server reported inside a stream. `secret` never appears in the result. */
export const reported = (
  error: unknown,
  secret: string,
  requestId: { readonly requestId?: string }
): ModelErrorReason => reasonOf(sdk, { ...failureOf(error), ...requestId }, secret)

/** Converts an error that the SDK threw before the stream began. */
export const fromThrown = (error: unknown, now: number, secret: string): ModelErrorReason =>
  ThrownError.fromThrown(sdk, error, now, secret)
