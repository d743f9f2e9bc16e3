import type * as Http from "@parley/http/Http"
import { HttpError } from "@parley/http/HttpError"
import { type Operation, type Tape, unfinished } from "@parley/session/Tape"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { hasProperty, isString } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The head of a response, without headers that only a connection needs or that might identify a user. */
const Head = Schema.Struct({
  status: Schema.Int,
  headers: Schema.Record(Schema.String, Schema.String),
  hasBody: Schema.Boolean
})
const encodeHead = Schema.encodeSync(Head)
const decodeHead = Schema.decodeUnknownSync(Head)

/** Headers that providers read. No other header of a response is recorded, and none of a request. */
const isRecorded = (name: string): boolean =>
  ["content-type", "date", "location", "retry-after", "retry-after-ms", "x-should-retry"].includes(name) ||
  name.endsWith("request-id") ||
  name.includes("ratelimit")

/** One network read: text, or Base64 where a read ends in the middle of a character. Null is the end of the response. */
const Read = Schema.Union([Schema.Null, Schema.String, Schema.Struct({ base64: Schema.String })])
const encodeRead = Schema.encodeSync(Read)
const decodeRead = Schema.decodeUnknownSync(Read)

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const readOf = (bytes: Uint8Array | undefined): typeof Read.Type => {
  if (bytes === undefined) return null
  const text = Result.try(() => strict.decode(bytes))
  return Result.isSuccess(text) ? text.success : { base64: Buffer.from(bytes).toString("base64") }
}
const bytesOf = (read: typeof Read.Type): Uint8Array | undefined =>
  read === null ? undefined : isString(read) ? encoder.encode(read) : Buffer.from(read.base64, "base64")

/** An error of the client, or of what sits between the client and the provider. */
const Thrown = Schema.Union([
  Schema.toCodecJson(HttpError),
  Schema.Struct({ message: Schema.String, code: Schema.optionalKey(Schema.String) })
])
const encodeThrown = Schema.encodeSync(Thrown)
const decodeThrown = Schema.decodeUnknownSync(Thrown)
const isHttpError = Schema.is(HttpError)

const thrownOf = (error: unknown): typeof Thrown.Type => {
  if (isHttpError(error)) return error
  const text = (name: string) => (hasProperty(error, name) && isString(error[name]) ? error[name] : undefined)
  const code = text("code")
  return { message: text("message") ?? "no reason given", ...(code === undefined ? {} : { code }) }
}

const errorOf = (thrown: typeof Thrown.Type): unknown =>
  isHttpError(thrown) ? thrown : Object.assign(new Error(thrown.message), thrown)

/** What a request's headers keep secret. */
const secretNames = /auth|key|token|secret|cookie/i
const secretsIn = (init: RequestInit | undefined): ReadonlyArray<string> => {
  const found: Array<string> = []
  new Headers(init?.headers).forEach((value, name) => {
    if (secretNames.test(name)) found.push(value.replace(/^\w+ +/, ""))
  })
  return found
}

/** An address without what may be secret: user, password, query and fragment. */
const placeOf = (url: URL): string => `${url.origin}${url.pathname}`

/**
 * Secrets that were found, and how they are removed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Secrets {
  /** Adds secrets that must not be recorded. */
  readonly add: (secrets: ReadonlyArray<string>) => void
  /** Replaces the secrets in a text. */
  readonly redact: (text: string) => string
}

/**
 * An HTTP client on the boundary of a recording: the bodies of requests, and each network read of the responses, are steps.
 * Headers of requests are not recorded. In a replay, nothing is sent: the responses are those of the recording.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (tape: Tape, http: Http.HttpClient, secrets: Secrets): Http.HttpClient => {
  let requests = 0

  const perform = <A>(
    operation: Operation,
    run: () => Promise<A>,
    encode: (value: A) => Schema.Json,
    decode: (json: Schema.Json) => A
  ) => {
    const { promise, reject, resolve } = Promise.withResolvers<A>()
    let own: { readonly value: A } | { readonly error: unknown } | undefined
    const giveUp = tape.port.begin(
      operation,
      (end) =>
        void run().then(
          (value) => {
            own = { value }
            end({ ok: encode(value) })
          },
          (error: unknown) => {
            own = { error }
            end({ failed: encodeThrown(thrownOf(error)) })
          }
        ),
      (outcome) => {
        if (own !== undefined) return "value" in own ? resolve(own.value) : reject(own.error)
        // A recording that someone has edited may have another value there.
        const failed = Result.try(() => {
          if ("ok" in outcome) return resolve(decode(outcome.ok))
          reject(
            "failed" in outcome
              ? errorOf(decodeThrown(outcome.failed))
              : Exit.match(unfinished(outcome), { onFailure: Cause.squash, onSuccess: () => undefined })
          )
        })
        if (Result.isFailure(failed)) reject(failed.failure)
      }
    )
    return { promise, giveUp }
  }

  /** The body of a response: each read of its reader is an operation. */
  const bodyOf = (n: number, real: ReadableStream<Uint8Array> | undefined, signal: AbortSignal | undefined) => {
    const reader = real?.getReader()
    const read = () =>
      perform(
        { op: `response ${n}` },
        () => (reader?.read() ?? Promise.resolve({ value: undefined })).then(({ value }) => value),
        (bytes) => encodeRead(readOf(bytes)),
        (json) => bytesOf(decodeRead(json))
      )
    let giveUp = (): void => undefined
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) =>
          signal?.addEventListener(
            "abort",
            () => {
              giveUp()
              controller.error(signal.reason)
            },
            { once: true }
          ),
        pull: (controller) => {
          const reading = read()
          giveUp = reading.giveUp
          return reading.promise.then(
            (bytes) => (bytes === undefined ? controller.close() : controller.enqueue(bytes)),
            (error: unknown) => controller.error(error)
          )
        },
        cancel: (reason) => {
          giveUp()
          return reader?.cancel(reason)
        }
      },
      { highWaterMark: 0 }
    )
  }

  const taped =
    (fetch: Http.Fetch): Http.Fetch =>
    (input, init) => {
      const signal = init?.signal ?? undefined
      if (signal?.aborted === true) return Promise.reject(signal.reason)
      secrets.add(secretsIn(init))
      const url = new URL(input instanceof Request ? input.url : input)
      const body = isString(init?.body) ? secrets.redact(init.body) : undefined
      const n = ++requests
      const { promise, reject, resolve } = Promise.withResolvers<Response>()
      let real: ReadableStream<Uint8Array> | undefined
      const asked = perform(
        {
          op: "request",
          input: { method: init?.method ?? "GET", url: placeOf(url) },
          isShown: true,
          ...(body === undefined ? {} : { text: body })
        },
        () =>
          fetch(input, init).then((response) => {
            real = response.body ?? undefined
            const headers: Record<string, string> = {}
            response.headers.forEach((value, name) => {
              if (isRecorded(name)) headers[name] = value
            })
            return { status: response.status, headers, hasBody: response.body !== null }
          }),
        encodeHead,
        decodeHead
      )
      signal?.addEventListener(
        "abort",
        () => {
          asked.giveUp()
          reject(signal.reason)
        },
        { once: true }
      )
      asked.promise.then(({ hasBody, headers, status }) => {
        const response = new Response(hasBody ? bodyOf(n, real, signal) : null, { status, headers })
        Object.defineProperty(response, "url", { value: url.href })
        resolve(response)
      }, reject)
      return promise
    }

  return { ...http, fetch: taped(http.fetch), within: (limits) => taped(http.within(limits)) }
}
