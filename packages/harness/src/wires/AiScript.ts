import * as LanguageModel from "@parley/provider/LanguageModel"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AiError from "effect/ai/AiError"
import * as Ai from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import { json, overflow, pieces, type Problem, type Step, type Wire } from "./Step.ts"

const stops = { end: "stop", "tool-calls": "tool-calls", length: "length", refusal: "content-filter", other: "other" }

const reasons: { readonly [P in Problem]: AiError.AiErrorReason } = {
  rate: new AiError.RateLimitError({}),
  quota: new AiError.QuotaExhaustedError({}),
  overloaded: new AiError.InternalProviderError({ description: "overloaded" }),
  internal: new AiError.InternalProviderError({ description: "internal" }),
  key: new AiError.AuthenticationError({ kind: "InvalidKey" }),
  forbidden: new AiError.AuthenticationError({ kind: "InsufficientPermissions" }),
  // effect/ai has no reason of its own for a model that does not exist.
  model: new AiError.InvalidRequestError({ description: "there is no such model" }),
  invalid: new AiError.InvalidRequestError({ description: "metadata: a string is expected" }),
  overflow: new AiError.InvalidRequestError({ description: overflow })
}

const failed = (reason: AiError.AiErrorReason): AiError.AiError =>
  AiError.make({ module: "AiScript", method: "streamText", reason })
const broken = failed(new AiError.InvalidOutputError({ description: "the connection broke" }))

const isProblem = (text: string): text is Problem => Object.hasOwn(reasons, text)
const line = (part: object): string => `${JSON.stringify(part)}\n`

const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))
const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))
const isPart = (value: unknown): value is Response.StreamPartEncoded =>
  typeof value === "object" && value !== null && "type" in value

/** One line of the response: a part, or a problem. */
const partOf = (text: string): Effect.Effect<Response.StreamPartEncoded, AiError.AiError> =>
  Effect.flatMap(
    Effect.mapError(decode(text), () => broken),
    (value) => {
      if (isPart(value)) return Effect.succeed(value)
      const problem = typeof value === "object" && value !== null && "problem" in value ? String(value.problem) : ""
      return Effect.fail(isProblem(problem) ? failed(reasons[problem]) : broken)
    }
  )

const step = (one: Step, id: string, piece: number, signature: string): ReadonlyArray<object> => {
  switch (one._tag) {
    case "Think":
      return [
        { type: "reasoning-start", id, metadata: {} },
        ...pieces(one.text, piece).map((delta) => ({ type: "reasoning-delta", id, delta })),
        { type: "reasoning-end", id, metadata: { fake: { signature } } }
      ]
    case "Say":
      return [
        { type: "text-start", id },
        ...pieces(one.text, piece).map((delta) => ({ type: "text-delta", id, delta })),
        { type: "text-end", id }
      ]
    case "Own":
      return []
    case "Call":
      return [
        { type: "tool-params-start", id: one.id, name: one.name, providerExecuted: false },
        ...pieces(one.input, piece).map((delta) => ({ type: "tool-params-delta", id: one.id, delta })),
        { type: "tool-params-end", id: one.id }
      ]
  }
}

/** A model of `effect/ai` that reads its parts as lines of JSON from a server. */
const modelAt = (url: string): Ai.LanguageModel =>
  Effect.runSync(
    Ai.make({
      generateText: () => Effect.die("the engine streams"),
      streamText: ({ prompt, tools }) =>
        Effect.tryPromise({
          try: (signal) =>
            // @effect-diagnostics-next-line globalFetchInEffect:off -- the model of a test, whose server is local
            fetch(url, { method: "POST", body: encode({ prompt, tools: tools.map(({ name }) => name) }), signal }),
          catch: () => broken
        }).pipe(
          Effect.map(({ body }) =>
            body === null
              ? Stream.fail(broken)
              : Stream.fromReadableStream({ evaluate: () => body, onError: () => broken })
          ),
          Stream.unwrap,
          Stream.decodeText(),
          Stream.splitLines,
          Stream.filter((text) => text !== ""),
          Stream.mapEffect((text) => partOf(text))
        )
    })
  )

/** A model of `effect/ai`. */
export const ai: Wire = {
  name: "effect/ai",
  make: (baseUrl, id = "ai") => LanguageModel.make({ id, name: "fake", model: modelAt(baseUrl) }),
  encode: ({ mark, piece, problem = "overloaded", steps, stop, tokens }) => ({
    head: [line({ type: "response-metadata", id: "a1", modelId: "fake" })],
    steps: steps.flatMap((one, index) => step(one, `${index}`, piece, mark).map(line)),
    problem: line({ problem }),
    tail: [
      line({
        type: "finish",
        reason: stops[stop],
        usage: {
          inputTokens: { total: tokens.input, cacheRead: tokens.cached },
          outputTokens: { total: tokens.output }
        }
      })
    ]
  }),
  refuse: (problem) => json(200, { problem })
}
