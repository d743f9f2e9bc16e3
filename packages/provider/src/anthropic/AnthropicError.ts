import type { ModelErrorReason } from "@parley/domain/ModelError"
import { type ApiFailure, type Kind, reasonOf } from "../errors/ApiError.ts"
import * as ThrownError from "../errors/ThrownError.ts"

const kinds: ReadonlyMap<string, Kind> = new Map([
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

const sdk: ThrownError.Sdk = {
  api: "a Messages API",
  kinds,
  describe: (error) => ({
    type: ThrownError.textIn(error, "type"),
    code: ThrownError.textIn(error, "errorCode"),
    message: ThrownError.textIn(error, "apiMessage")
  })
}

/** Converts an error that the API reported inside a stream. `secret` never appears in the result. */
export const fromApi = (failure: ApiFailure, secret: string): ModelErrorReason => reasonOf(sdk, failure, secret)

/** Converts an error that the SDK threw before the stream began. */
export const fromThrown = (error: unknown, now: number, secret: string): ModelErrorReason =>
  ThrownError.fromThrown(sdk, error, now, secret)
