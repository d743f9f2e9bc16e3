import { ModelError } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { type NonEmptyReadonlyArray, isReadonlyArrayNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import { broken, brokenBy } from "../errors/ThrownError.ts"
import type { ResponseReader } from "./ResponseReader.ts"

type Chunks = NonEmptyReadonlyArray<ProviderChunk>

const fail = (reason: ModelError["reason"]) => Effect.fail(new ModelError({ reason }))

/** The options of a reader for this response. */
export const optionsOf = (
  response: Response,
  secret: string
): { readonly secret: string; readonly requestId?: string } => {
  const requestId = response.headers.get("request-id") ?? response.headers.get("x-request-id")
  return { secret, ...(requestId === null ? {} : { requestId }) }
}

/** The chunks of a response, one array per network read. */
export const chunksOf = (
  response: Response,
  secret: string,
  message: ResponseReader
): Pull.Pull<Chunks, ModelError> => {
  const reader = response.body?.getReader()
  if (reader === undefined) return fail(broken("the response has no body"))
  const read = Effect.tryPromise({
    try: () => reader.read(),
    catch: (error) => new ModelError({ reason: brokenBy(error, secret) })
  })
  /**
   * Reads to the end of the response, so that the connection can be reused for the next request. The end normally follows
   * immediately. If the server does not end the response, reading is given up after a short timeout.
   */
  const drain: Effect.Effect<void, ModelError> = Effect.flatMap(read, ({ done }) => (done ? Effect.void : drain))
  const leave = Effect.andThen(Effect.ignore(Effect.timeout(drain, "250 millis")), Cause.done())

  /** A server that has sent everything and does not end the response is not waited for. */
  const ended = { done: true as const, value: undefined }
  const readOn = Effect.timeoutOrElse(read, { duration: "5 seconds", orElse: () => Effect.succeed(ended) })

  const pull: Pull.Pull<Chunks, ModelError> = Effect.suspend(() => {
    if (message.failure !== undefined) return fail(message.failure)
    if (message.done) return leave
    return Effect.flatMap(message.mayEnd ? readOn : read, ({ done, value }) => {
      const chunks = done ? message.end() : message.feed(value)
      return isReadonlyArrayNonEmpty(chunks) ? Effect.succeed(chunks) : pull
    })
  })
  return pull
}
