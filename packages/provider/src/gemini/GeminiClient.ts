import { ModelError } from "@parley/domain/ModelError"
import * as Http from "@parley/http/Http"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { DiscoveredModel } from "../contract/ModelProvider.ts"
import * as SdkConnection from "../connection/SdkConnection.ts"
import { parseJson } from "../text/JsonObject.ts"
import { fromThrown } from "./GeminiError.ts"

export interface ClientSettings {
  readonly apiKey: Redacted.Redacted
  /** With the version of the API, and without a slash at its end. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, Redacted.Redacted>>
  readonly http: Http.HttpClient | undefined
}

export interface GeminiClient {
  /** The trimmed API key. It is used with error texts only to redact it from them. */
  readonly secret: string
  /** Posts a body of JSON text. `path` is that of the model, encoded. Closing the scope closes the connection. */
  readonly post: (path: string, body: string) => Effect.Effect<Response, ModelError, Scope.Scope>
  /** The models that generate content. */
  readonly models: Effect.Effect<ReadonlyArray<DiscoveredModel>, ModelError>
}

/** A limit that a server does not report, or reports as 0, is not known. */
const isLimit = Schema.is(Schema.Int.check(Schema.isGreaterThan(0)))

const Model = Schema.Struct({
  name: Schema.NonEmptyString,
  supportedGenerationMethods: Schema.String.pipe(Schema.Array, Schema.optionalKey),
  inputTokenLimit: Schema.optionalKey(Schema.Unknown),
  outputTokenLimit: Schema.optionalKey(Schema.Unknown)
})
const Listed = Schema.Struct({
  models: Model.pipe(Schema.Array, Schema.optionalKey),
  nextPageToken: Schema.optionalKey(Schema.String)
})
const decodeListed = Schema.decodeUnknownOption(Listed)

/** The API lists up to 1000 models on a page. A server that never ends its list is not asked for more than this. */
const maxPages = 20

export const make = (settings: ClientSettings): GeminiClient => {
  const secret = Redacted.value(settings.apiKey).trim()
  const headers = () => ({
    "content-type": "application/json",
    "x-goog-api-key": secret,
    ...SdkConnection.exposed(settings.headers)
  })

  /** Sends a request. A response without a success status fails. */
  const send = Effect.fnUntraced(function* (path: string, init: RequestInit) {
    yield* SdkConnection.checked(secret)
    const client = settings.http ?? (yield* Http.Client)
    const clock = yield* Clock.Clock
    const response = yield* SdkConnection.opened(
      // A redirect to another host must not carry the key along; it is reported instead.
      (signal) =>
        client.fetch(`${settings.baseUrl}/${path}`, { ...init, headers: headers(), redirect: "manual", signal }),
      (error, now) => fromThrown(error, now, secret)
    )
    if (response.ok) return response
    const body = yield* Effect.orElseSucceed(
      Effect.tryPromise(() => response.text()),
      () => ""
    )
    const { headers: received, status } = response
    return yield* new ModelError({
      reason: fromThrown(
        { status, headers: received, error: parseJson(body), message: body },
        clock.currentTimeMillisUnsafe(),
        secret
      )
    })
  })

  const page = Effect.fnUntraced(function* (token: string) {
    const clock = yield* Clock.Clock
    const failed = (error: unknown) =>
      new ModelError({ reason: fromThrown(error, clock.currentTimeMillisUnsafe(), secret) })
    const query = `pageSize=1000${token === "" ? "" : `&pageToken=${encodeURIComponent(token)}`}`
    const response = yield* send(`models?${query}`, { method: "GET" })
    const text = yield* Effect.tryPromise({ try: () => response.text(), catch: failed })
    return yield* Effect.mapError(Effect.fromOption(decodeListed(parseJson(text))), () =>
      failed({ message: "the server's answer to /models is not a list of models" })
    )
  }, Effect.scoped)

  const models = Effect.gen(function* () {
    const found: Array<DiscoveredModel> = []
    let token = ""
    for (let pages = 0; pages < maxPages; pages++) {
      const { models: listed = [], nextPageToken = "" } = yield* page(token)
      for (const { inputTokenLimit, name, outputTokenLimit, supportedGenerationMethods: methods } of listed)
        if (methods === undefined || methods.includes("generateContent"))
          found.push({
            name: name.replace(/^models\//, ""),
            ...(isLimit(inputTokenLimit) ? { contextWindow: inputTokenLimit } : {}),
            ...(isLimit(outputTokenLimit) ? { maxOutputTokens: outputTokenLimit } : {})
          })
      if (nextPageToken === "" || nextPageToken === token) break
      token = nextPageToken
    }
    return found
  })

  return {
    secret,
    post: (path, body) => send(`${path}:streamGenerateContent?alt=sse`, { method: "POST", body }),
    models
  }
}
