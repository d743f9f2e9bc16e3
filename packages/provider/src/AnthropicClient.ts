import type { Anthropic } from "@anthropic-ai/sdk"
import { ModelError, Unauthorized } from "@parley/domain/ModelError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { fromThrown } from "./AnthropicError.ts"

export interface ClientSettings {
  readonly apiKey: Redacted.Redacted
  readonly baseUrl: string
}

export interface AnthropicClient {
  /** Never empty; goes to error texts only to be taken out of them. */
  readonly secret: string
  /** Posts a body that is already JSON text. Closing the scope closes the connection. */
  readonly post: (body: string) => Effect.Effect<Response, ModelError, Scope.Scope>
}

/** The SDK is loaded by the first request, not by whoever imports this module: it takes longer than all else to load. */
const connect = (settings: ClientSettings, apiKey: string): Promise<Anthropic> =>
  import("@anthropic-ai/sdk").then(
    (sdk) =>
      new sdk.Anthropic({
        apiKey,
        baseURL: settings.baseUrl,
        // One attempt: who retries sees each attempt as a turn of its own.
        maxRetries: 0,
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
  const loaded: { client?: Promise<Anthropic> } = {}

  const post = Effect.fnUntraced(function* (body: string) {
    // `fetch` would quote the key when it complains of one that no header can hold.
    if (!/^[\x21-\x7e]+$/.test(secret))
      return yield* new ModelError({
        reason: new Unauthorized({
          detail: secret === "" ? "the key is empty" : "the key holds spaces or characters that no key has"
        })
      })
    const clock = yield* Clock.Clock
    const abort = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (controller) => Effect.sync(() => controller.abort())
    )
    return yield* Effect.tryPromise({
      try: () => {
        loaded.client ??= connect(settings, secret)
        return loaded.client.then((client) =>
          client
            // The content type is what makes the SDK take a string body as it is (`buildBody` in its client.ts).
            .post("/v1/messages", {
              body,
              headers: { "content-type": "application/json" },
              stream: true,
              signal: abort.signal
            })
            .asResponse()
        )
      },
      catch: (error) => new ModelError({ reason: fromThrown(error, clock.currentTimeMillisUnsafe(), secret) })
    })
  })

  return { secret, post }
}
