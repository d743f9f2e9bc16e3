import * as Schema from "effect/Schema"
import { MiB } from "./HttpLimits.ts"

const TimeLimit = Schema.Literals(["connectMillis", "headersMillis", "idleMillis", "totalMillis"])

/**
 * The name of a limit of time in `HttpLimits`.
 *
 * @since 0.1.0
 * @category models
 */
export type TimeLimit = typeof TimeLimit.Type

const SizeLimit = Schema.Literals(["bodyBytes", "headerBytes", "headerCount", "interimAnswers"])

const HttpErrorReason = Schema.TaggedUnion({
  /** There was no connection, or it broke. `problem` is the system's message. */
  Broken: { problem: Schema.String },
  /** A timeout expired. */
  TooSlow: { limit: TimeLimit, millis: Schema.Finite },
  /** The response exceeds a size limit. `beginning` is the first part of its body, on one line. */
  TooLarge: { limit: SizeLimit, most: Schema.Finite, beginning: Schema.String },
  /** The response is not valid HTTP, or is not encoded as it declares. */
  Malformed: { problem: Schema.String },
  /**
   * The proxy did not let the request through. `proxy` is its address without user name and password, `from` the setting
   * that names it, and `status` the HTTP status of its response.
   */
  Proxy: { proxy: Schema.String, from: Schema.String, problem: Schema.String, status: Schema.optionalKey(Schema.Int) },
  /** The server redirected the request to an address that is not followed. */
  Redirect: { problem: Schema.String }
})

type Reason = typeof HttpErrorReason.Type

const seconds = (millis: number): string => `${millis / 1000} s`

const slow = (limit: TimeLimit, host: string, millis: number): string => {
  switch (limit) {
    case "connectMillis":
      return `no connection to ${host} within ${seconds(millis)}`
    case "headersMillis":
      return `${host} did not begin to answer within ${seconds(millis)}`
    case "idleMillis":
      return `${host} stopped in the middle of its answer and sent nothing for ${seconds(millis)}`
    case "totalMillis":
      return `${host} did not complete its answer within ${seconds(millis)}`
  }
}

const amount = (bytes: number): string =>
  bytes % MiB === 0 ? `${bytes / MiB} MiB` : bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`

const large = ({ beginning, limit, most }: Extract<Reason, { readonly _tag: "TooLarge" }>, host: string): string => {
  switch (limit) {
    case "bodyBytes":
      return `the answer of ${host} is larger than ${amount(most)} and was not read to its end; it begins: ${beginning}`
    case "headerBytes":
      return `the headers of ${host} are larger than ${amount(most)}`
    case "headerCount":
      return `${host} sent more than ${most} headers`
    case "interimAnswers":
      return `${host} sent more than ${most} interim answers (1xx) and no other`
  }
}

const advice = (status: number | undefined, from: string): string =>
  status === 407
    ? `put a user name and password into ${from}, as in http://USER:PASSWORD@HOST:PORT`
    : `correct ${from}, or name the host in NO_PROXY`

const text = (reason: Reason, host: string): string => {
  switch (reason._tag) {
    case "Broken":
    case "Redirect":
      return reason.problem
    case "Malformed":
      return `${host} sent what cannot be read: ${reason.problem}`
    case "TooSlow":
      return slow(reason.limit, host, reason.millis)
    case "TooLarge":
      return large(reason, host)
    case "Proxy":
      return `the proxy ${reason.proxy} (from ${reason.from}) ${reason.problem}; ${advice(reason.status, reason.from)}`
  }
}

/**
 * Why a request has no response, or only an incomplete one. It contains no header, user name or password.
 *
 * @since 0.1.0
 * @category errors
 */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  /** The host that the request was for. */
  host: Schema.String,
  /** Whether any part of the request may have reached the server. */
  sent: Schema.Boolean,
  /** The system's error code, such as `ECONNREFUSED`. */
  code: Schema.optionalKey(Schema.String),
  reason: HttpErrorReason
}) {
  override get message(): string {
    return text(this.reason, this.host)
  }
}
