import type { Anthropic } from "@anthropic-ai/sdk"
import { ModelError, Unauthorized } from "@parley/domain/ModelError"
import * as Http from "@parley/http/Http"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { fromThrown } from "./AnthropicError.ts"

export interface ClientSettings {
  readonly apiKey: Redacted.Redacted
  readonly baseUrl: string
  readonly http: Http.HttpClient | undefined
}

export interface AnthropicClient {
  /** Never empty; goes to error texts only to be taken out of them. */
  readonly secret: string
  /** Posts a body that is already JSON text. Closing the scope closes the connection. */
  readonly post: (body: string) => Effect.Effect<Response, ModelError, Scope.Scope>
  /**
   * Has the API count the tokens of a body that is already JSON text. Undefined if it does not answer within five seconds,
   * for whatever reason. After a 404 it is not asked again about the model: the model is unknown, or the server cannot count.
   */
  readonly count: (model: string, body: string) => Effect.Effect<number | undefined>
}

const Counted = Schema.Struct({ input_tokens: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) })
const decodeCounted = Schema.decodeUnknownOption(Counted)

/** What no header can hold, `fetch` would quote when it complains of it. */
const isSendable = (secret: string): boolean => /^[\x21-\x7e]+$/.test(secret)

/** The content type is what makes the SDK take a string body as it is (`buildBody` in its client.ts). */
const headers = { "content-type": "application/json" }

/** The SDK is loaded by the first request, not by whoever imports this module: it takes longer than all else to load. */
const connect = (settings: ClientSettings, apiKey: string, http: Http.HttpClient): Promise<Anthropic> =>
  import("@anthropic-ai/sdk").then(
    (sdk) =>
      new sdk.Anthropic({
        apiKey,
        baseURL: settings.baseUrl,
        // One attempt: who retries sees each attempt as a turn of its own.
        maxRetries: 0,
        // What it reads whole, such as refusals, is bounded in there, as are all waits.
        fetch: http.fetch,
        timeout: 2 ** 31 - 1,
        // The default logger writes to stdout, which is not ours.
        logLevel: "off",
        // Else the SDK reads it from the environment.
        webhookKey: null,
        // A redirect to another host must not carry the key along; it is reported instead.
        fetchOptions: { redirect: "manual" }
      })
  )

export const make = (settings: ClientSettings): AnthropicClient => {
  const secret = Redacted.value(settings.apiKey).trim()
  const loaded = new WeakMap<Http.HttpClient, Promise<Anthropic>>()
  /** The SDK over the client that counts where a request is made. */
  const using = Effect.map(Http.Client, (client) => {
    const http = settings.http ?? client
    return (): Promise<Anthropic> => {
      const made = loaded.get(http) ?? connect(settings, secret, http)
      loaded.set(http, made)
      return made
    }
  })
  const notFound = new Set<string>()

  const post = Effect.fnUntraced(function* (body: string) {
    if (!isSendable(secret))
      return yield* new ModelError({
        reason: new Unauthorized({
          detail: secret === "" ? "the key is empty" : "the key holds spaces or characters that no key has"
        })
      })
    const clock = yield* Clock.Clock
    const load = yield* using
    const abort = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      // A reason of its own: the default one is an error, whose stack holds the request that it was made in.
      (controller) => Effect.sync(() => controller.abort("closed"))
    )
    return yield* Effect.tryPromise({
      try: () =>
        load().then((client) =>
          client.post("/v1/messages", { body, headers, stream: true, signal: abort.signal }).asResponse()
        ),
      catch: (error) => new ModelError({ reason: fromThrown(error, clock.currentTimeMillisUnsafe(), secret) })
    })
  })

  const ask = (model: string, body: string) =>
    Effect.flatMap(using, (load) =>
      Effect.tryPromise({
        try: (signal) => load().then((client) => client.post("/v1/messages/count_tokens", { body, headers, signal })),
        catch: (error) => {
          if (hasProperty(error, "status") && error.status === 404) notFound.add(model)
          return undefined
        }
      })
    ).pipe(
      Effect.map((answer) =>
        Option.getOrUndefined(Option.map(decodeCounted(answer), (counted) => counted.input_tokens))
      ),
      Effect.timeoutOption("5 seconds"),
      Effect.match({ onFailure: () => undefined, onSuccess: Option.getOrUndefined })
    )
  const count = (model: string, body: string) =>
    Effect.suspend(() => (notFound.has(model) || !isSendable(secret) ? Effect.undefined : ask(model, body)))

  return { secret, post, count }
}
