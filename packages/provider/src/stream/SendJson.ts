import { ContextOverflow, ModelError } from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { exceeds, maxRequestBytes } from "../text/Bounds.ts"
import { chunksOf, optionsOf } from "./ReadResponse.ts"
import type { ResponseReader } from "./ResponseReader.ts"

/** One request, and how its response is read. */
export interface JsonRequest {
  /** The API key, which never appears in an error. */
  readonly secret: string
  /** The JSON text. */
  readonly body: () => string
  /** Requests with more UTF-8 bytes are not sent. Default: `maxRequestBytes`. */
  readonly limit?: number
  /** Sends the text. Closing the scope closes the connection. */
  readonly post: (json: string) => Effect.Effect<Response, ModelError, Scope.Scope>
  /** Makes the reader of the response. */
  readonly reader: (options: ReturnType<typeof optionsOf>) => ResponseReader
}

const tooLarge = (limit: number) =>
  new ContextOverflow({
    detail: `the request was not sent, because it is larger than ${limit} bytes; shorten the conversation, or start a new session`
  })

/** Sends a request when the stream starts, and decodes its response. The connection is closed when the stream ends. */
export const sendJson = (request: JsonRequest): Stream.Stream<ProviderChunk, ModelError> => {
  const { body, limit = maxRequestBytes, post, reader, secret } = request
  const send = Effect.suspend(() => {
    const json = body()
    return exceeds(json, limit) ? Effect.fail(new ModelError({ reason: tooLarge(limit) })) : post(json)
  })
  return Stream.unwrap(
    Effect.map(send, (response) =>
      Stream.fromPull(Effect.sync(() => chunksOf(response, secret, reader(optionsOf(response, secret)))))
    )
  )
}
