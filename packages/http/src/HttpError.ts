import * as Schema from "effect/Schema"
import { MiB } from "./HttpLimits.ts"

const TimeLimit = Schema.Literals(["connectMillis", "headersMillis", "idleMillis", "totalMillis"])
export type TimeLimit = typeof TimeLimit.Type

const SizeLimit = Schema.Literals(["bodyBytes", "headerBytes", "headerCount", "interimAnswers"])

const HttpErrorReason = Schema.TaggedUnion({
  /** There was no connection, or it broke. `problem` is what the system said. */
  Broken: { problem: Schema.String },
  /** A limit of time was over. */
  TooSlow: { limit: TimeLimit, millis: Schema.Finite },
  /** More came than is read. `beginning` is the first of it, in one line. */
  TooLarge: { limit: SizeLimit, most: Schema.Finite, beginning: Schema.String },
  /** What came is no answer, or is not encoded as it says. */
  Malformed: { problem: Schema.String },
  /** The proxy did not let the request through. `proxy` is its address without user and password. */
  Proxy: { proxy: Schema.String, from: Schema.String, problem: Schema.String, status: Schema.optionalKey(Schema.Int) },
  /** The server sent the request elsewhere, where it does not go. */
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

/** Why a request has no answer, or not all of it. No header, user name or password is part of it. */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  /** Whom the request was for. */
  host: Schema.String,
  /** Whether anything of the request can have reached the server. */
  sent: Schema.Boolean,
  /** The system's code, such as `ECONNREFUSED`. */
  code: Schema.optionalKey(Schema.String),
  reason: HttpErrorReason
}) {
  override get message(): string {
    return text(this.reason, this.host)
  }
}
