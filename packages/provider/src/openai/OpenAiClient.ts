import { ModelError } from "@parley/domain/ModelError"
import type * as Http from "@parley/http/Http"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { OpenAI } from "openai"
import type { DiscoveredModel } from "../contract/ModelProvider.ts"
import * as SdkConnection from "../connection/SdkConnection.ts"
import { fromThrown } from "./OpenAiError.ts"

export interface ClientSettings {
  /** Absent for a server that needs no key. */
  readonly apiKey: Redacted.Redacted | undefined
  /** How the key is sent. Default: `authorization: Bearer`. */
  readonly keyHeader?: "api-key" | undefined
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, Redacted.Redacted>>
  readonly http: Http.HttpClient | undefined
}

export interface OpenAiClient {
  /** The trimmed API key. It is used with error texts only to redact it from them. */
  readonly secret: string
  /** Posts a body of JSON text. Closing the scope closes the connection. */
  readonly post: (path: string, body: string) => Effect.Effect<Response, ModelError, Scope.Scope>
  /** The models that the server lists. These APIs report no limits. */
  readonly models: Effect.Effect<ReadonlyArray<DiscoveredModel>, ModelError>
}

const Listed = Schema.Struct({ data: Schema.Array(Schema.Struct({ id: Schema.NonEmptyString })) })
const decodeListed = Schema.decodeUnknownOption(Listed)

/** With this content type the SDK sends a string body unchanged (`buildBody` in its client.ts). */
const headers = { "content-type": "application/json" }

/** The SDK is loaded by the first request, and not when this module is imported, because loading it takes long. */
const connect = (settings: ClientSettings, secret: string, http: Http.HttpClient): Promise<OpenAI> =>
  import("openai").then(
    (sdk) =>
      new sdk.OpenAI({
        // The SDK requires a key. The header with it is removed below if there is none.
        apiKey: secret === "" ? "none" : secret,
        baseURL: settings.baseUrl,
        // One attempt: the engine retries, and records each attempt as a separate turn.
        maxRetries: 0,
        // This `fetch` bounds bodies that the SDK reads completely, such as error responses, and all waiting times.
        fetch: http.fetch,
        timeout: 2 ** 31 - 1,
        // The default logger writes to stdout, which belongs to the host.
        logLevel: "off",
        // Otherwise the SDK reads these from the environment, and sends them to any server.
        adminAPIKey: null,
        organization: null,
        project: null,
        webhookSecret: null,
        // A redirect to another host must not carry the key along; it is reported instead.
        fetchOptions: { redirect: "manual" },
        defaultHeaders: {
          ...(secret === "" || settings.keyHeader !== undefined ? { authorization: null } : {}),
          ...(secret !== "" && settings.keyHeader !== undefined ? { [settings.keyHeader]: secret } : {}),
          ...SdkConnection.exposed(settings.headers)
        }
      })
  )

export const make = (settings: ClientSettings): OpenAiClient => {
  const secret = settings.apiKey === undefined ? "" : Redacted.value(settings.apiKey).trim()
  const using = SdkConnection.loading(settings.http, (http) => connect(settings, secret, http))
  const ready = Effect.andThen(settings.apiKey === undefined ? Effect.void : SdkConnection.checked(secret), using)

  const post = Effect.fnUntraced(function* (path: string, body: string) {
    const load = yield* ready
    return yield* SdkConnection.opened(
      (signal) => load().then((client) => client.post(path, { body, headers, stream: true, signal }).asResponse()),
      (error, now) => fromThrown(error, now, secret)
    )
  })

  const models = Effect.gen(function* () {
    const load = yield* ready
    const clock = yield* Clock.Clock
    const failed = (error: unknown) =>
      new ModelError({ reason: fromThrown(error, clock.currentTimeMillisUnsafe(), secret) })
    const listed = yield* Effect.tryPromise({
      try: (signal) => load().then((client) => client.get<unknown>("/models", { signal })),
      catch: failed
    })
    const decoded = yield* Effect.mapError(Effect.fromOption(decodeListed(listed)), () =>
      failed({ message: "the server's answer to /models is not a list of models" })
    )
    return decoded.data.map(({ id }) => ({ name: id }))
  })

  return { secret, post, models }
}
