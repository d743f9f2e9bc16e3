import type { Anthropic } from "@anthropic-ai/sdk"
import { ModelError } from "@parley/domain/ModelError"
import type * as Http from "@parley/http/Http"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { DiscoveredModel } from "../contract/ModelProvider.ts"
import { isApiKey } from "../contract/ProviderOptions.ts"
import * as SdkConnection from "../connection/SdkConnection.ts"
import { fromThrown } from "./AnthropicError.ts"

export interface ClientSettings {
  readonly apiKey: Redacted.Redacted
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, Redacted.Redacted>>
  readonly http: Http.HttpClient | undefined
}

export interface AnthropicClient {
  /** The trimmed API key. It is used with error texts only to redact it from them. */
  readonly secret: string
  /** Posts a body of JSON text that uses these betas. Closing the scope closes the connection. */
  readonly post: (body: string, betas?: ReadonlyArray<string>) => Effect.Effect<Response, ModelError, Scope.Scope>
  /**
   * Asks the API to count the tokens of a body of JSON text. Returns undefined on any failure, or after five seconds. After
   * a 404, no more count requests are sent for the model: either the model is unknown or the server does not support
   * counting.
   */
  readonly count: (model: string, body: string, betas?: ReadonlyArray<string>) => Effect.Effect<number | undefined>
  /** The models that the server lists, with their limits if it reports them. */
  readonly models: Effect.Effect<ReadonlyArray<DiscoveredModel>, ModelError>
}

const Counted = Schema.Struct({ input_tokens: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) })
const decodeCounted = Schema.decodeUnknownOption(Counted)

const Tokens = Schema.Int.pipe(Schema.NullOr, Schema.optionalKey)
/** One page of the list of models. Other servers of this API report only the names. */
const Page = Schema.Struct({
  data: Schema.Array(Schema.Struct({ id: Schema.NonEmptyString, max_input_tokens: Tokens, max_tokens: Tokens })),
  has_more: Schema.optionalKey(Schema.Boolean),
  last_id: Schema.String.pipe(Schema.NullOr, Schema.optionalKey)
})
const decodePage = Schema.decodeUnknownOption(Page)

/** A server that always promises another page is not asked forever. */
const mostPages = 20

const listed = ({ id, max_input_tokens, max_tokens }: (typeof Page.Type)["data"][number]): DiscoveredModel => ({
  name: id,
  ...(typeof max_input_tokens === "number" ? { contextWindow: max_input_tokens } : {}),
  ...(typeof max_tokens === "number" ? { maxOutputTokens: max_tokens } : {})
})

/** With this content type the SDK sends a string body unchanged (`buildBody` in its client.ts). */
const json = { "content-type": "application/json" }

/** The SDK is loaded by the first request, and not when this module is imported, because loading it takes long. */
const connect = (settings: ClientSettings, apiKey: string, http: Http.HttpClient): Promise<Anthropic> =>
  import("@anthropic-ai/sdk").then(
    (sdk) =>
      new sdk.Anthropic({
        apiKey,
        baseURL: settings.baseUrl,
        // One attempt: the engine retries, and records each attempt as a separate turn.
        maxRetries: 0,
        // This `fetch` bounds bodies that the SDK reads completely, such as error responses, and all waiting times.
        fetch: http.fetch,
        timeout: 2 ** 31 - 1,
        // The default logger writes to stdout, which belongs to the host.
        logLevel: "off",
        // Otherwise the SDK reads it from the environment.
        webhookKey: null,
        // A redirect to another host must not carry the key along; it is reported instead.
        fetchOptions: { redirect: "manual" },
        defaultHeaders: SdkConnection.exposed(settings.headers)
      })
  )

/** A configured header with the same name would replace the betas, so they are added to it. */
const betaHeader = "anthropic-beta"

export const make = (settings: ClientSettings): AnthropicClient => {
  const configured = Object.entries(SdkConnection.exposed(settings.headers)).flatMap(([name, value]) =>
    name.toLowerCase() === betaHeader ? value.split(",").map((beta) => beta.trim()) : []
  )
  const headersOf = (betas: ReadonlyArray<string> = []) =>
    betas.length === 0 ? json : { ...json, [betaHeader]: [...new Set([...configured, ...betas])].join(",") }
  const secret = Redacted.value(settings.apiKey).trim()
  const using = SdkConnection.loading(settings.http, (http) => connect(settings, secret, http))
  const notFound = new Set<string>()

  const post = Effect.fnUntraced(function* (body: string, betas?: ReadonlyArray<string>) {
    const headers = headersOf(betas)
    yield* SdkConnection.checked(secret)
    const load = yield* using
    return yield* SdkConnection.opened(
      (signal) =>
        load().then((client) => client.post("/v1/messages", { body, headers, stream: true, signal }).asResponse()),
      (error, now) => fromThrown(error, now, secret)
    )
  })

  const ask = (model: string, body: string, headers: Record<string, string>) =>
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
  const count = (model: string, body: string, betas?: ReadonlyArray<string>) =>
    Effect.suspend(() =>
      notFound.has(model) || !isApiKey(secret) ? Effect.undefined : ask(model, body, headersOf(betas))
    )

  const models = Effect.gen(function* () {
    yield* SdkConnection.checked(secret)
    const load = yield* using
    const clock = yield* Clock.Clock
    const failed = (error: unknown) =>
      new ModelError({ reason: fromThrown(error, clock.currentTimeMillisUnsafe(), secret) })
    const found: Array<DiscoveredModel> = []
    let after = ""
    for (let page = 0; page < mostPages; page++) {
      const query = after === "" ? { limit: "1000" } : { limit: "1000", after_id: after }
      const answer = yield* Effect.tryPromise({
        try: (signal) => load().then((client) => client.get<unknown>("/v1/models", { query, signal })),
        catch: failed
      })
      const { data, has_more, last_id } = yield* Effect.mapError(Effect.fromOption(decodePage(answer)), () =>
        failed({ message: "the server's answer to /v1/models is not a list of models" })
      )
      found.push(...data.map(listed))
      if (has_more !== true || (last_id ?? "") === "" || last_id === after) break
      after = last_id ?? ""
    }
    return found
  })

  return { secret, post, count, models }
}
