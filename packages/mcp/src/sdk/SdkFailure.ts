import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { LoginNeeded, ScopeNeeded } from "./LoginErrors.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { addressesFirst } from "./UrlRequired.ts"

/**
 * What a failed request implies for its connection. After `Gone`, no further request can be sent on it. After `Doubtful`,
 * the connection should be tested with a harmless request.
 */
const Verdict = Schema.Literals(["Sound", "Doubtful", "Gone"])
type Verdict = typeof Verdict.Type

/** Why a request has no result. */
export class RequestFailure extends Schema.TaggedError<RequestFailure>()("RequestFailure", {
  connection: Verdict,
  reason: Schema.TaggedUnion({
    /** The server responded with a JSON-RPC error. */
    Answered: { message: Schema.String },
    /** The request never reached the server. */
    NotSent: { problem: Schema.String },
    /** The request may have reached the server, but no response arrived. */
    Lost: { problem: Schema.String }
  })
}) {
  get problem(): string {
    return this.reason._tag === "Answered" ? this.reason.message : this.reason.problem
  }
}

// The SDK's errors are recognised by their properties, since its classes exist only after it has been loaded.
// A protocol error has a numeric `code`, like a `DOMException`, and always a `data` property, which a `DOMException` lacks.
const decodeAnswered = Schema.decodeUnknownOption(
  Schema.Struct({ code: Schema.Int, message: Schema.String, data: Schema.Unknown })
)
const decodeCode = Schema.decodeUnknownOption(Schema.Struct({ code: Schema.String }))
const decodeStatus = Schema.decodeUnknownOption(Schema.Struct({ status: Schema.Int }))
/** An `input_required` result that requests something for which the client has no handler. */
const decodeUnanswerable = Schema.decodeUnknownOption(
  Schema.Struct({
    code: Schema.Literal("CAPABILITY_NOT_SUPPORTED"),
    data: Schema.Struct({ key: Schema.String, method: Schema.String })
  })
)
const decodeCause = Schema.decodeUnknownOption(Schema.Struct({ cause: Schema.Unknown }))

/** Errors of our HTTP client record whether anything may have reached the server. */
const decodeSent = Schema.decodeUnknownOption(Schema.TaggedStruct("HttpError", { sent: Schema.Boolean }))

const isLoginNeeded = Schema.is(LoginNeeded)
const isScopeNeeded = Schema.is(ScopeNeeded)

/** An error and its causes, outermost first. */
const chain = (cause: unknown, depth = 5): ReadonlyArray<unknown> => {
  const inner = Option.getOrUndefined(decodeCause(cause))?.cause
  return inner === undefined || depth === 0 ? [cause] : [cause, ...chain(inner, depth - 1)]
}

/** The HTTP status behind an error, if there is one. */
export const statusOf = (cause: unknown): number | undefined =>
  chain(cause)
    .map((error) => Option.getOrUndefined(decodeStatus(error))?.status)
    .find((status) => status !== undefined)

const codesOf = (cause: unknown): ReadonlyArray<string> =>
  chain(cause).flatMap((error) => Option.toArray(Option.map(decodeCode(error), ({ code }) => code)))

const decodeIssues = Schema.decodeUnknownOption(
  Schema.Struct({
    issues: Schema.NonEmptyArray(
      Schema.Struct({ path: Schema.Array(Schema.Union([Schema.String, Schema.Finite])), message: Schema.String })
    )
  })
)

/** The message of an error. The SDK's validator throws its issues as JSON; the first three are shown with their paths. */
export const messageOf = (error: unknown): string =>
  Option.match(decodeIssues(error), {
    onNone: () => (error instanceof Error ? error.message : String(error)),
    onSome: ({ issues }) => {
      const first = issues.slice(0, 3).map(({ message, path }) => `${path.join(".")}: ${message}`)
      const more = issues.length > first.length ? `; and ${issues.length - first.length} more` : ""
      return `the server's answer is not what the protocol says: ${first.join("; ")}${more}`
    }
  })

/** Describes a failure in one line for a person. */
export const describeCause = (cause: unknown): string => {
  const status = statusOf(cause)
  if (status === 401) return "the server wants authorisation (HTTP 401): set a token in its `headers`"
  if (status === 403) return "the server refused access (HTTP 403)"
  const messages = chain(cause).map((error) => plainLine(messageOf(error), 200))
  // A message that merely wraps the message of its cause is redundant.
  const detail = messages
    .filter(
      (message, i) => message !== "" && !messages.slice(i + 1).some((inner) => inner !== "" && message.endsWith(inner))
    )
    .join(": ")
  return status === undefined ? detail : `HTTP ${status}: ${detail}`
}

const broken = new Set([
  "CONNECTION_CLOSED",
  "EPIPE",
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END"
])

/** Whether the connection itself failed. The underlying reason is then elsewhere, most often a program that has exited. */
export const isBroken = (cause: unknown): boolean => codesOf(cause).some((code) => broken.has(code))

// Network failures that occur before a request can have been sent.
const unreachableCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "NOT_CONNECTED"
])
/** The code of the error for a message that is refused because too many others are queued. */
export const backlogFull = "BACKLOG_FULL"
const refusedLocally = new Set([backlogFull, "CAPABILITY_NOT_SUPPORTED", "METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION"])

/** A server responds to an unknown session with 404 or 400; any other status concerns the request. */
const verdictOn = (status: number | undefined): Verdict =>
  status === 404 ? "Gone" : status === undefined || status === 400 ? "Doubtful" : "Sound"

/** The code of the response that we synthesise when an event stream ends without one. */
export const streamEnded = 2_026_000_001

/** The code of the response that we synthesise for one that is too large to be read. */
export const answerTooLarge = 2_026_000_002

const connectionClosed = "the connection closed before the answer came"

/** Classifies an error of the SDK. A request counts as lost unless it is certain that it was not sent. */
export const requestFailure = (cause: unknown): RequestFailure => {
  const answered = decodeAnswered(cause)
  const status = statusOf(cause)
  if (Option.isSome(answered) && status === undefined) {
    const { code, data, message } = answered.value
    if (code === streamEnded)
      return new RequestFailure({ connection: "Doubtful", reason: { _tag: "Lost", problem: connectionClosed } })
    return new RequestFailure({
      connection: "Sound",
      reason: {
        _tag: "Answered",
        message: code === answerTooLarge ? message : (addressesFirst(code, data) ?? `Error ${code}: ${message}`)
      }
    })
  }
  const asked = Option.getOrUndefined(decodeUnanswerable(cause))?.data.method
  if (asked !== undefined)
    return new RequestFailure({
      connection: "Sound",
      reason: { _tag: "Answered", message: `The server asks for ${asked}, and there is nobody here to answer that` }
    })
  const known = chain(cause)
  const scope = known.find((error) => isScopeNeeded(error))
  // Only this request was refused; the connection can still be used.
  if (scope !== undefined)
    return new RequestFailure({ connection: "Sound", reason: { _tag: "Answered", message: scope.problem } })
  const login = known.find((error) => isLoginNeeded(error))
  // No more requests can be made on this connection. It ends, and the server's status tells the user what to do.
  if (login !== undefined)
    return new RequestFailure({ connection: "Gone", reason: { _tag: "NotSent", problem: login.problem } })
  const codes = codesOf(cause)
  const problem = codes.includes("CONNECTION_CLOSED") ? connectionClosed : describeCause(cause)
  const unreachable =
    codes.some((code) => unreachableCodes.has(code)) ||
    known.some((error) => Option.getOrUndefined(decodeSent(error))?.sent === false)
  const stayedHere =
    unreachable ||
    codes.some((code) => refusedLocally.has(code)) ||
    // The server, or a proxy in front of it, rejected the request before any tool received it.
    (status !== undefined && status >= 400 && status < 500)
  return new RequestFailure({
    connection: unreachable ? "Gone" : verdictOn(status),
    reason: { _tag: stayedHere ? "NotSent" : "Lost", problem }
  })
}
