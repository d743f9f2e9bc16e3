import { text as textBlock } from "@parley/domain/Content"
import { Overloaded } from "@parley/domain/ModelError"
import { PromptManager } from "@parley/domain/PromptManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Metric, Stream } from "effect"
import { TestClock } from "effect/testing"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { TelemetryContent } from "../src/telemetry/TelemetryContent.ts"
import { telemetry } from "./support/Telemetry.ts"
import { send, sessionId, timePasses, watched } from "./World.ts"

const { call, text } = Chunks
const { failing, hanging, turn } = ScriptedModel
const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 100, cacheWriteTokens: 20 }
const finish = (stop: "end" | "tool-calls"): ProviderChunk => ({ _tag: "Finish", stop, usage, responseId: "resp_1" })
const price = { input: 500_000, output: 500_000, cacheRead: 250_000, cacheWrite: 500_000 }

const broken: ScriptedTools.Behaviour = () => Effect.succeed({ isError: true, content: [textBlock("secret result")] })

const answer = turn(text(0, "Done."), [finish("end")])

/** One attempt that fails, a turn that calls two tools, and the answer. */
const turns = [
  failing(new Overloaded({ detail: "secret detail" }), [{ _tag: "UsageSoFar", usage: { ...usage, outputTokens: 0 } }]),
  turn(text(0, "secret response"), call(1, "echo", { a: "secret input" }), call(2, "broken"), [finish("tool-calls")]),
  answer
]

const world = (turns: ReadonlyArray<ScriptedModel.Turn>, layer: Layer.Layer<never>) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      ScriptedModel.layer(turns, { price }),
      ScriptedTools.layer({ echo: ScriptedTools.echo, broken }),
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: "secret instructions" })
    ]),
    Layer.provideMerge(layer)
  )

const round = Effect.gen(function* () {
  yield* watched
  yield* timePasses
  yield* Effect.withSpan(send("secret prompt"), "request")
})

const ids = "gen_ai.conversation.id: session-1"
const model = ["gen_ai.provider.name: scripted", "gen_ai.request.model: scripted"] as const

describe("the telemetry of a round", () => {
  it.effect("is a tree of spans below the caller's span, with the conventions' names and attributes", () => {
    const { layer, tree } = telemetry()
    return Effect.gen(function* () {
      yield* round
      assert.deepStrictEqual(tree(), [
        "request (internal, ok)",
        "  invoke_agent (internal, ok)",
        `    ${ids}`,
        "    gen_ai.operation.name: invoke_agent",
        ...model.map((line) => `    ${line}`),
        "    gen_ai.usage.cache_creation.input_tokens: 60",
        "    gen_ai.usage.cache_read.input_tokens: 300",
        "    gen_ai.usage.input_tokens: 390",
        "    gen_ai.usage.output_tokens: 10",
        "    parley.round.id: r1",
        "    parley.round.status: completed",
        "    parley.usage.cost: 125",
        "    chat scripted (client, error)",
        "      error.type: Overloaded",
        `      ${ids}`,
        "      gen_ai.operation.name: chat",
        `      ${model[0]}`,
        `      ${model[1]}`,
        "      gen_ai.request.stream: true",
        "      gen_ai.response.time_to_first_chunk: 0",
        "      gen_ai.usage.cache_creation.input_tokens: 20",
        "      gen_ai.usage.cache_read.input_tokens: 100",
        "      gen_ai.usage.input_tokens: 130",
        "      gen_ai.usage.output_tokens: 0",
        "      parley.round.id: r1",
        "      parley.turn.attempt: 1",
        "      parley.turn.id: r1t1",
        "      parley.usage.cost: 40",
        "    chat scripted (client, ok)",
        `      ${ids}`,
        "      gen_ai.operation.name: chat",
        `      ${model[0]}`,
        `      ${model[1]}`,
        "      gen_ai.request.stream: true",
        "      gen_ai.response.finish_reasons: tool-calls",
        "      gen_ai.response.id: resp_1",
        "      gen_ai.response.time_to_first_chunk: 0",
        "      gen_ai.usage.cache_creation.input_tokens: 20",
        "      gen_ai.usage.cache_read.input_tokens: 100",
        "      gen_ai.usage.input_tokens: 130",
        "      gen_ai.usage.output_tokens: 5",
        "      parley.round.id: r1",
        "      parley.turn.attempt: 2",
        "      parley.turn.id: r1t2",
        "      parley.usage.cost: 42.5",
        "    execute_tool echo (internal, ok)",
        `      ${ids}`,
        "      gen_ai.operation.name: execute_tool",
        "      gen_ai.tool.call.id: r1t2c1",
        "      gen_ai.tool.name: echo",
        "      parley.round.id: r1",
        "      parley.tool.outcome: Succeeded",
        "      parley.turn.id: r1t2",
        "    execute_tool broken (internal, error)",
        "      error.type: Failed",
        `      ${ids}`,
        "      gen_ai.operation.name: execute_tool",
        "      gen_ai.tool.call.id: r1t2c2",
        "      gen_ai.tool.name: broken",
        "      parley.round.id: r1",
        "      parley.tool.outcome: Failed",
        "      parley.turn.id: r1t2",
        "    chat scripted (client, ok)",
        `      ${ids}`,
        "      gen_ai.operation.name: chat",
        `      ${model[0]}`,
        `      ${model[1]}`,
        "      gen_ai.request.stream: true",
        "      gen_ai.response.finish_reasons: end",
        "      gen_ai.response.id: resp_1",
        "      gen_ai.response.time_to_first_chunk: 0",
        "      gen_ai.usage.cache_creation.input_tokens: 20",
        "      gen_ai.usage.cache_read.input_tokens: 100",
        "      gen_ai.usage.input_tokens: 130",
        "      gen_ai.usage.output_tokens: 5",
        "      parley.round.id: r1",
        "      parley.turn.attempt: 1",
        "      parley.turn.id: r1t3",
        "      parley.usage.cost: 42.5"
      ])
    }).pipe(Effect.provide(world(turns, layer)))
  })

  it.effect("has log lines at the boundaries of the round, its turns and its tool calls, with their ids", () => {
    const { layer, lines } = telemetry()
    return Effect.gen(function* () {
      yield* round
      const r = "sessionId=session-1 roundId=r1"
      const took = "inputTokens=10 outputTokens=5 cacheReadTokens=100 cacheWriteTokens=20"
      assert.deepStrictEqual(lines, [
        `Debug Round started ${r}`,
        `Debug Turn started ${r} turnId=r1t1 model=scripted/scripted attempt=1`,
        `Debug Turn ended ${r} turnId=r1t1 error=Overloaded ${took.replace("Tokens=5", "Tokens=0")}`,
        `Debug Turn started ${r} turnId=r1t2 model=scripted/scripted attempt=2`,
        `Debug Turn ended ${r} turnId=r1t2 stop=tool-calls ${took}`,
        `Debug Tool call started ${r} callId=r1t2c1 turnId=r1t2 tool=echo`,
        `Debug Tool call ended ${r} callId=r1t2c1 turnId=r1t2 tool=echo outcome=Succeeded`,
        `Debug Tool call started ${r} callId=r1t2c2 turnId=r1t2 tool=broken`,
        `Debug Tool call ended ${r} callId=r1t2c2 turnId=r1t2 tool=broken outcome=Failed`,
        `Debug Turn started ${r} turnId=r1t3 model=scripted/scripted attempt=1`,
        `Debug Turn ended ${r} turnId=r1t3 stop=end ${took}`,
        `Debug Round ended ${r} status=completed turns=3`
      ])
    }).pipe(Effect.provide(world(turns, layer)))
  })

  it.effect("has a log line for a call that does not run", () => {
    const { layer, lines } = telemetry()
    return Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.include(
        lines,
        "Debug Tool call not run sessionId=session-1 roundId=r1 callId=r1t1c1 turnId=r1t1 tool=missing outcome=Failed"
      )
    }).pipe(Effect.provide(world([turn(call(0, "missing"), [finish("tool-calls")]), answer], layer)))
  })

  it.effect("has metrics of durations and tokens, with the buckets of the conventions", () => {
    const { layer, metrics } = telemetry()
    const timed = Stream.fromIterable([text(0, "one"), text(0, "two"), text(0, "three"), [finish("end")]]).pipe(
      Stream.rechunk(1),
      Stream.mapEffect((chunks) => Effect.delay(Effect.succeed(chunks), "2 seconds")),
      Stream.flatMap((chunks) => Stream.fromArray(chunks))
    )
    return Effect.gen(function* () {
      yield* watched
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      for (let i = 0; i < 8; i++) {
        yield* Effect.repeat(Effect.yieldNow, { times: 50 })
        yield* TestClock.adjust("1 second")
      }
      yield* Fiber.join(fiber)
      const asked = "gen_ai.operation.name=chat, gen_ai.provider.name=scripted, gen_ai.request.model=scripted"
      assert.deepStrictEqual(yield* metrics, [
        `gen_ai.client.operation.duration {${asked}, unit=s}: 1, 8`,
        `gen_ai.client.operation.time_per_output_chunk {${asked}, unit=s}: 1, 2`,
        `gen_ai.client.operation.time_to_first_chunk {${asked}, unit=s}: 1, 2`,
        `gen_ai.client.token.usage {${asked}, gen_ai.token.type=cache_read, unit={token}}: 1, 100`,
        `gen_ai.client.token.usage {${asked}, gen_ai.token.type=cache_write, unit={token}}: 1, 20`,
        `gen_ai.client.token.usage {${asked}, gen_ai.token.type=input, unit={token}}: 1, 130`,
        `gen_ai.client.token.usage {${asked}, gen_ai.token.type=output, unit={token}}: 1, 5`
      ])
      const bounds = (yield* Metric.snapshot).flatMap(({ id, state }) =>
        "buckets" in state ? [`${id}: ${state.buckets.map(([bound]) => bound).join(" ")}`] : []
      )
      const seconds = "0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92"
      const tokens = "1 4 16 64 256 1024 4096 16384 65536 262144 1048576 4194304 16777216 67108864"
      assert.deepStrictEqual(
        [...new Set(bounds)],
        [
          `gen_ai.client.operation.duration: ${seconds}`,
          `gen_ai.client.operation.time_to_first_chunk: ${seconds}`,
          `gen_ai.client.operation.time_per_output_chunk: ${seconds}`,
          `gen_ai.client.token.usage: ${tokens}`
        ]
      )
    }).pipe(Effect.provide(world([timed], layer)))
  })

  it.effect("has no span and no log line per chunk", () => {
    const { layer, lines, spans } = telemetry()
    const long = turn(...Array.from({ length: 200 }, (_, i) => text(0, `word ${i} `)), [finish("end")])
    return Effect.gen(function* () {
      yield* watched
      yield* send("go")
      const costs = Effect.gen(function* () {
        const before = [spans.length, lines.length]
        yield* send("go")
        return [spans.length - (before[0] ?? 0), lines.length - (before[1] ?? 0)]
      })
      const short = yield* costs
      assert.deepStrictEqual(yield* costs, short)
    }).pipe(Effect.provide(world([answer, answer, long], layer)))
  })

  it.effect("counts failures and the time of tools by their kind", () => {
    const { layer, metrics } = telemetry()
    return Effect.gen(function* () {
      yield* round
      const shown = (yield* metrics).filter((line) => /error|execute_tool/.test(line))
      const asked = "gen_ai.operation.name=chat, gen_ai.provider.name=scripted, gen_ai.request.model=scripted"
      assert.deepStrictEqual(shown, [
        `gen_ai.client.operation.duration {error.type=Overloaded, ${asked}, unit=s}: 1, 0`,
        "gen_ai.execute_tool.duration {error.type=Failed, gen_ai.operation.name=execute_tool, gen_ai.tool.name=broken, unit=s}: 1, 0",
        "gen_ai.execute_tool.duration {gen_ai.operation.name=execute_tool, gen_ai.tool.name=echo, unit=s}: 1, 0"
      ])
    }).pipe(Effect.provide(world(turns, layer)))
  })

  it.effect("shows a cancelled round and its response as interrupted", () => {
    const { layer, lines, tree } = telemetry()
    return Effect.gen(function* () {
      yield* watched
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      yield* Effect.repeat(Effect.yieldNow, { times: 100 })
      yield* Effect.flatMap(SessionCoordinator, (coordinator) => coordinator.cancel(sessionId))
      yield* Fiber.await(fiber)
      const [agent, ...rest] = tree()
      assert.strictEqual(agent, "invoke_agent (internal, interrupted)")
      assert.include(rest, "  parley.round.status: cancelled")
      assert.include(rest, "  chat scripted (client, interrupted)")
      assert.include(rest, "    error.type: interrupted")
      assert.strictEqual(lines.at(-1), "Debug Round ended sessionId=session-1 roundId=r1 status=cancelled turns=1")
    }).pipe(Effect.provide(world([hanging(text(0, "half"))], layer)))
  })
})

describe("the content of a session", () => {
  const shown = (spans: ReturnType<typeof telemetry>["spans"]) =>
    spans.flatMap(({ attributes }) => [...attributes].map(([name, value]) => `${name}: ${String(value)}`))

  it.effect("is in no attribute of any span, in no metric and in no log line by default", () => {
    const { layer, lines, metrics, spans } = telemetry()
    return Effect.gen(function* () {
      yield* round
      for (const line of [...shown(spans), ...lines, ...(yield* metrics)]) assert.notInclude(line, "secret")
    }).pipe(Effect.provide(world(turns, layer)))
  })

  it.effect("is in the spans if the host asks for it", () => {
    const { layer, spans } = telemetry()
    return Effect.gen(function* () {
      yield* round
      const chats = spans.filter(({ name }) => name.startsWith("chat "))
      assert.include(String(chats[1]?.attributes.get("gen_ai.system_instructions")), "secret instructions")
      assert.include(String(chats[1]?.attributes.get("gen_ai.input.messages")), "secret prompt")
      assert.strictEqual(
        chats[1]?.attributes.get("gen_ai.output.messages"),
        '[{"finish_reason":"tool-calls","parts":[{"content":"secret response","type":"text"},' +
          '{"arguments":"{\\"a\\":\\"secret input\\"}","id":"r1t2c1","name":"echo","type":"tool_call"},' +
          '{"arguments":"{}","id":"r1t2c2","name":"broken","type":"tool_call"}],"role":"assistant"}]'
      )
      const [, tool] = spans.filter(({ name }) => name.startsWith("execute_tool "))
      assert.strictEqual(tool?.attributes.get("gen_ai.tool.call.arguments"), "{}")
      assert.strictEqual(tool?.attributes.get("gen_ai.tool.call.result"), '[{"content":"secret result","type":"text"}]')
    }).pipe(Effect.provide(world(turns, layer)), Effect.provideService(TelemetryContent, true))
  })
})
