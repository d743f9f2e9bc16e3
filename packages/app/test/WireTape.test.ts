import { ModelError, StreamBroken } from "@parley/domain/ModelError"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import type { HttpClient } from "@parley/http/Http"
import { HttpError } from "@parley/http/HttpError"
import * as Recording from "@parley/session/Recording"
import { parse } from "@parley/session/RecordingFormat"
import * as Replay from "@parley/session/Replay"
import { defaults, Limits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { keyMark, writing } from "../src/recording/RecordingFile.ts"
import * as WireTape from "../src/recording/WireTape.ts"

const sessionId = SessionId.make("session-1")
const key = "sk-secret-of-the-test"
const asText = (value: unknown): string => JSON.stringify(value)
const encoder = new TextEncoder()

const clientOf = (fetch: HttpClient["fetch"]): HttpClient => ({
  fetch,
  within: () => fetch,
  isProxied: () => false,
  close: () => undefined
})

/** Answers with these network reads, and then ends or breaks. */
const answering = (reads: ReadonlyArray<Uint8Array>, last: "end" | "break" | "hang" = "end"): HttpClient =>
  clientOf((_input, init) => {
    const left = [...reads]
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      const next = left.shift()
      if (next !== undefined) controller.enqueue(next)
      else if (last === "end") controller.close()
      else if (last === "break") controller.error(new Error("the connection broke"))
      else {
        const { promise, resolve } = Promise.withResolvers<void>()
        init?.signal?.addEventListener("abort", () => resolve())
        return promise
      }
    }
    const headers = { "content-type": "text/plain", "request-id": "req_1", "set-cookie": "cookie-of-the-server=1" }
    return Promise.resolve(new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers }))
  })

const broken = (error: unknown) =>
  new ModelError({ reason: new StreamBroken({ detail: error instanceof Error ? error.message : String(error) }) })

/** A provider that sends the length of its request and streams the response as text. */
const provider = (http: HttpClient): Layer.Layer<ModelsManager> =>
  Layer.effect(
    ModelsManager,
    Effect.map(ModelsManager, (models) =>
      ModelsManager.of({
        ...models,
        stream: ({ messages }) =>
          Stream.unwrap(
            Effect.gen(function* () {
              const abort = yield* Effect.acquireRelease(
                Effect.sync(() => new AbortController()),
                (controller) => Effect.sync(() => controller.abort("closed"))
              )
              const response = yield* Effect.tryPromise({
                try: () =>
                  http.within({})("https://models.example/v1/chat?token=query-secret", {
                    method: "POST",
                    headers: { authorization: `Bearer ${key}`, "x-app": "app" },
                    body: asText(messages),
                    signal: abort.signal
                  }),
                catch: broken
              })
              const decoder = new TextDecoder()
              const reads = Stream.fromReadableStream({
                evaluate: () => response.body ?? new ReadableStream<Uint8Array>(),
                onError: broken
              })
              const texts = reads.pipe(
                Stream.map((bytes): ProviderChunk => ({
                  _tag: "TextDelta",
                  index: 0,
                  text: decoder.decode(bytes, { stream: true })
                }))
              )
              return Stream.concat(texts, Stream.make<[ProviderChunk]>({ _tag: "Finish", stop: "end", usage: zero }))
            })
          )
      })
    )
  ).pipe(Layer.provide(ModelsManager.layerMemory))

const unanswered = clientOf(() => Promise.reject(new Error("a replay must not send anything")))
const none: WireTape.Secrets = { add: () => undefined, redact: (text) => text }

/** Records one message to a provider behind this client, and replays it without one. */
const recorded = Effect.fnUntraced(function* (http: HttpClient, cancelAfter?: "TurnDelta") {
  let text = ""
  const { secrets, write } = writing(
    (line) => void (text += line),
    () => undefined
  )
  const layer = Recording.layer({ write, wired: (tape) => provider(WireTape.make(tape, http, secrets)) }).pipe(
    Layer.provideMerge([
      SessionManager.layerMemory,
      ModelsManager.layerMemory,
      McpManager.layerMemory(),
      PromptManager.layerMemory()
    ])
  )
  const log = yield* Effect.gen(function* () {
    const sessions = yield* SessionManager
    const coordinator = yield* SessionCoordinator
    yield* sessions.create({ id: sessionId })
    const fiber = yield* Effect.forkChild(coordinator.handleMessage({ sessionId, request: "Hello" }), {
      startImmediately: true
    })
    if (cancelAfter !== undefined) {
      yield* coordinator.events(sessionId).pipe(
        Stream.takeUntil(({ event }) => event._tag === cancelAfter),
        Stream.runDrain
      )
      yield* Fiber.interrupt(fiber)
    }
    yield* Fiber.await(fiber)
    return yield* sessions.read(sessionId, 0)
  }).pipe(Effect.provideService(Limits, { ...defaults, retries: 0 }), Effect.provide(layer, { local: true }))
  const report = yield* Replay.run({
    name: "x.jsonl",
    recorded: yield* Effect.fromResult(parse("x.jsonl", text)),
    wired: (tape) => provider(WireTape.make(tape, unanswered, none))
  })
  assert.strictEqual(report.difference, undefined)
  assert.strictEqual(report.played, report.steps)
  return { text, log: asText(log) }
})

describe("WireTape", () => {
  it.live("records each network read, also one that ends within a character", () =>
    Effect.gen(function* () {
      const bytes = encoder.encode("grün 😀")
      const { log, text } = yield* recorded(answering([bytes.subarray(0, 3), bytes.subarray(3, 8), bytes.subarray(8)]))
      assert.include(log, "grün 😀")
      assert.include(text, '"op":"response 1"')
      assert.include(text, `{"base64":"${Buffer.from(bytes.subarray(0, 3)).toString("base64")}"}`)
    })
  )

  it.live("records no key, no header of a request, no query and no cookie, and a key in a response as a mark", () =>
    Effect.gen(function* () {
      const { log, text } = yield* recorded(answering([encoder.encode(`You sent ${key}.`)]))
      assert.include(log, key, "the session itself has what the server sent")
      for (const secret of [key, "query-secret", "cookie-of-the-server", "x-app"]) assert.notInclude(text, secret)
      assert.include(text, `You sent ${keyMark}.`)
      assert.include(text, '"url":"https://models.example/v1/chat"')
      assert.include(text, '"request-id":"req_1"')
    })
  )

  it.live("records errors of the connection and breaks of a response", () =>
    Effect.gen(function* () {
      const refused = new HttpError({
        host: "models.example",
        sent: false,
        code: "ECONNREFUSED",
        reason: { _tag: "Broken", problem: "connect ECONNREFUSED" }
      })
      const fails = clientOf(() => Promise.reject(refused))
      assert.include((yield* recorded(fails)).log, "connect ECONNREFUSED")
      assert.include((yield* recorded(answering([encoder.encode("Half")], "break"))).log, "the connection broke")
    })
  )

  it.live("records a response that is cancelled", () =>
    Effect.gen(function* () {
      const { log } = yield* recorded(answering([encoder.encode("It goes ")], "hang"), "TurnDelta")
      assert.include(log, "RoundCancelled")
      assert.include(log, "It goes ")
    })
  )
})
