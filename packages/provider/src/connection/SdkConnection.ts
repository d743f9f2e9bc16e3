import { ModelError, type ModelErrorReason, Unauthorized } from "@parley/domain/ModelError"
import * as Http from "@parley/http/Http"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { isApiKey } from "../contract/ProviderOptions.ts"

/** Fails if the key cannot be sent in a header. Otherwise the error of `fetch` would quote the key. */
export const checked = (secret: string): Effect.Effect<void, ModelError> =>
  isApiKey(secret)
    ? Effect.void
    : Effect.fail(
        new ModelError({
          reason: new Unauthorized({
            detail:
              secret === ""
                ? "the API key is empty; set it"
                : "the API key contains spaces or other characters that a key cannot contain; correct it"
          })
        })
      )

/** The values of headers, for the SDK. */
export const exposed = (headers: Readonly<Record<string, Redacted.Redacted>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)]))

/** Loads an SDK once for each HTTP client: the configured one, or else the one that is provided to the request. */
export const loading = <A>(
  configured: Http.HttpClient | undefined,
  connect: (http: Http.HttpClient) => Promise<A>
): Effect.Effect<() => Promise<A>> => {
  const loaded = new WeakMap<Http.HttpClient, Promise<A>>()
  return Effect.map(Http.Client, (client) => {
    const http = configured ?? client
    return () => {
      const made = loaded.get(http) ?? connect(http)
      loaded.set(http, made)
      return made
    }
  })
}

/** Sends a request. Closing the scope closes the connection. `reason` converts what `send` throws. */
export const opened = (
  send: (signal: AbortSignal) => Promise<Response>,
  reason: (error: unknown, now: number) => ModelErrorReason
): Effect.Effect<Response, ModelError, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const abort = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      // An explicit reason, because the default one is an error whose stack keeps the request in memory.
      (controller) => Effect.sync(() => controller.abort("closed"))
    )
    return yield* Effect.tryPromise({
      try: () => send(abort.signal),
      catch: (error) => new ModelError({ reason: reason(error, clock.currentTimeMillisUnsafe()) })
    })
  })
