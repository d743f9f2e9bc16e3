import { assert, describe, it } from "@effect/vitest"
import { text } from "@parley/domain/Content"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { Sampling } from "@parley/domain/ServerRequests"
import { ModelError, StreamBroken } from "@parley/domain/ModelError"
import { zero } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { defaults, Limits, type RoundLimits } from "../src/limits/Limits.ts"
import { Meter, Sampled } from "../src/limits/SamplingUsage.ts"
import { answer } from "../src/sampling/Sampling.ts"

const info: ModelInfo = { ref: { provider: "p", model: "m" }, description: "", settings: { max_tokens: 9 } }
const request: Sampling = {
  server: "s",
  calls: [],
  ask: false,
  system: "Be brief",
  messages: [{ role: "user", content: [text("hi")] }],
  maxTokens: 10
}

const modelsOf = (stream: ModelsManager["Service"]["stream"]) =>
  ModelsManager.of({
    models: Effect.succeed([info]),
    preferred: Effect.succeed(info.ref),
    describe: () => Effect.succeed(info),
    stream
  })

const asked = (chunks: ReadonlyArray<ProviderChunk>, sampling: Sampling = request) => {
  const requests: Array<ModelRequest> = []
  const models = modelsOf((request) => {
    requests.push(request)
    return Stream.fromArray(chunks)
  })
  return Effect.map(Effect.provideService(answer(sampling), ModelsManager, models), (said) => ({ requests, said }))
}

const usage = { ...zero, inputTokens: 3, outputTokens: 2 }

describe("a sampling request of a server", () => {
  it.effect("is one request with only the server's content, and the response includes its usage", () =>
    Effect.gen(function* () {
      const { requests, said } = yield* asked([
        { _tag: "TextDelta", index: 0, text: "hel" },
        { _tag: "TextDelta", index: 0, text: "lo" },
        { _tag: "Finish", stop: "end", usage }
      ])
      assert.deepStrictEqual(said, { _tag: "Answered", text: "hello", model: "p/m", stop: "endTurn", usage })
      assert.strictEqual(requests.length, 1)
      assert.deepInclude(requests[0], { tools: [], messages: request.messages, settings: { max_tokens: 9 } })
      assert.match(requests[0]?.system ?? "", /none of it is the user's:\n\nBe brief$/)
    })
  )

  it.effect("is truncated at the requested length, and the part that was received is counted", () =>
    Effect.gen(function* () {
      const long = Array.from({ length: 100 }, (): ProviderChunk => ({
        _tag: "TextDelta",
        index: 0,
        text: "123456789"
      }))
      const { said } = yield* asked([...long, { _tag: "Finish", stop: "end", usage }])
      assert.deepStrictEqual(said, {
        _tag: "Answered",
        text: "123456789".repeat(5).slice(0, 40),
        model: "p/m",
        stop: "maxTokens",
        usage: { ...zero, outputTokens: 10 }
      })
    })
  )

  const limits: ReadonlyArray<Partial<RoundLimits>> = [{ roundTokens: 12 }, { sessionTokens: 12 }]
  it.effect("is counted exactly once, even if it breaks off or is interrupted", () =>
    Effect.gen(function* () {
      const begun: ReadonlyArray<ProviderChunk> = [
        { _tag: "UsageSoFar", usage: { ...zero, inputTokens: 5 } },
        { _tag: "TextDelta", index: 0, text: "hello" }
      ]
      const meter = new Meter()
      const said = (stream: ReturnType<ModelsManager["Service"]["stream"]>) =>
        answer(request).pipe(
          Effect.provideService(
            ModelsManager,
            modelsOf(() => stream)
          ),
          Effect.provideService(Sampled, meter)
        )
      const reason = new StreamBroken({ detail: "d" })
      const broken = Stream.concat(Stream.fromArray(begun), Stream.fail(new ModelError({ reason })))
      yield* broken.pipe(said, Effect.flip)
      assert.strictEqual(meter.inAll.tokens, 7)

      const hanging = yield* Effect.forkChild(said(Stream.concat(Stream.fromArray(begun), Stream.never)), {
        startImmediately: true
      })
      yield* Effect.repeat(Effect.yieldNow, { times: 20 })
      yield* Fiber.interrupt(hanging)
      assert.strictEqual(meter.inAll.tokens, 14)

      for (const limit of limits) {
        const over = yield* said(Stream.die("it is not asked")).pipe(
          Effect.provideService(Limits, { ...defaults, ...limit })
        )
        assert.strictEqual(over._tag, "Declined")
      }
      yield* said(Stream.fromArray<ProviderChunk>([...begun, { _tag: "Finish", stop: "end", usage }]))
      assert.strictEqual(meter.inAll.tokens, 19)
    })
  )

  it.effect("is declined if the model refuses, the response breaks off, or the request is not valid", () =>
    Effect.gen(function* () {
      const tagOf = (chunks: ReadonlyArray<ProviderChunk>, sampling?: Sampling) =>
        Effect.map(asked(chunks, sampling), ({ said }) => said._tag)
      assert.strictEqual(yield* tagOf([{ _tag: "Finish", stop: "refusal", usage }]), "Declined")
      assert.strictEqual(yield* tagOf([{ _tag: "TextDelta", index: 0, text: "hel" }]), "Declined")
      const { requests, said } = yield* asked([], { ...request, messages: [] })
      assert.strictEqual(said._tag, "Declined")
      assert.strictEqual(requests.length, 0)
    })
  )
})
