import { serve } from "@parley/harness/SseServer"
import { all, answer, start, stop, text, toolUse } from "@parley/harness/wire"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { place } from "./support/Cli.ts"
import { decodeAll, type OtlpSpan, plain } from "./support/Otlp.ts"
import { keyed } from "./support/Provider.ts"

const sink = serve({ headers: { "content-type": "application/json" }, body: ["{}"] })
const calling = all(
  start(),
  ...text(0, "secret thought"),
  ...toolUse(1, "workspace__list_files", '{"path":"secret-folder"}'),
  ...stop("tool_use")
)

/** A workspace with a model that calls a tool and then answers. */
const world = Effect.gen(function* () {
  const model = yield* serve({ body: [calling] }, { body: [answer("secret answer")] })
  const here = yield* place
  here.configure({ model: "anthropic/claude-x", limits: { retries: 0 } })
  const run = (env: Record<string, string>, ...flags: ReadonlyArray<string>) =>
    here.run(["run", "secret prompt", ...flags], { env: { ...keyed(model.url), ...env }, alone: true })
  return { here, model, run }
})

/** The span and those that contain it, by name, from the inside. Spans of other operations are left out. */
const path = (spans: ReadonlyArray<OtlpSpan>, span: OtlpSpan | undefined): ReadonlyArray<string> => {
  if (span === undefined) return []
  const outer = path(
    spans,
    spans.find(({ spanId }) => spanId === span.parentSpanId)
  )
  return /^(?:invoke_agent|chat|execute_tool)\b/.test(span.name) ? [span.name, ...outer] : outer
}

describe("with an OTLP endpoint in the environment", () => {
  it.live("the built command exports spans, metrics and log lines in the JSON encoding, without content", () =>
    Effect.gen(function* () {
      const { received, url } = yield* sink
      const { run } = yield* world
      const { code, stderr, stdout } = yield* run({
        OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/`,
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20token,x-scope=a",
        OTEL_SERVICE_NAME: "my-parley",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.version=9"
      })
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, "secret answer")
      assert.notMatch(stderr, /debug|Round started|OTLP/i)
      assert.isAtLeast(received.length, 3)
      for (const { headers } of received) {
        assert.strictEqual(headers.authorization, "Bearer token")
        assert.strictEqual(headers["x-scope"], "a")
        assert.strictEqual(headers["content-type"], "application/json")
      }
      for (const { body } of received) assert.notInclude(body, "secret")

      const { logs, metrics, resources, spans } = decodeAll(received)
      for (const resource of resources) {
        assert.strictEqual(resource["service.name"], "my-parley")
        assert.strictEqual(resource["service.version"], "9")
        assert.strictEqual(resource["deployment.environment.name"], "test")
      }
      const shown = spans.filter(({ name }) => /^(?:invoke_agent|chat|execute_tool)\b/.test(name))
      assert.deepStrictEqual(shown.map((span) => path(spans, span).join(" < ")).toSorted(), [
        "chat claude-x < invoke_agent",
        "chat claude-x < invoke_agent",
        "execute_tool workspace__list_files < invoke_agent",
        "invoke_agent"
      ])
      assert.lengthOf([...new Set(shown.map(({ traceId }) => traceId))], 1, "one trace")
      const chat = shown.find(({ name }) => name === "chat claude-x")
      assert.strictEqual(chat?.kind, 3, "a client span")
      const attributes = plain(chat?.attributes ?? [])
      assert.strictEqual(attributes["gen_ai.usage.input_tokens"], "3")
      assert.strictEqual(attributes["gen_ai.usage.output_tokens"], "4")
      assert.strictEqual(attributes["gen_ai.provider.name"], "anthropic")
      assert.strictEqual(attributes["parley.turn.id"], "r1t1")
      assert.strictEqual(attributes["gen_ai.response.finish_reasons"], "tool-calls")
      // The time per chunk is missing if the system delivers a response in one piece.
      const units = metrics.map(({ name, unit }) => `${name} ${unit}`).filter((name) => !name.includes("per_output"))
      assert.deepStrictEqual([...new Set(units)].toSorted(), [
        "gen_ai.client.operation.duration s",
        "gen_ai.client.operation.time_to_first_chunk s",
        "gen_ai.client.token.usage {token}",
        "gen_ai.execute_tool.duration s"
      ])
      assert.deepStrictEqual(
        logs.map(({ body }) => Object.values(body).join("")),
        [
          "Round started",
          "Turn started",
          "Turn ended",
          "Tool call started",
          "Tool call ended",
          "Turn started",
          "Turn ended",
          "Round ended"
        ]
      )
      for (const log of logs) assert.strictEqual(plain(log.attributes)["roundId"], "r1")
      assert.strictEqual(plain(logs[3]?.attributes ?? [])["callId"], "r1t1c1")
      assert.strictEqual(logs[0]?.spanId, shown.find(({ name }) => name === "invoke_agent")?.spanId)
    })
  )

  it.live("content is exported only if the user asks for it", () =>
    Effect.gen(function* () {
      const { received, url } = yield* sink
      const { run } = yield* world
      yield* run({
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true"
      })
      const { spans } = decodeAll(received)
      const chats = spans.filter(({ name }) => name.startsWith("chat")).map(({ attributes }) => plain(attributes))
      assert.include(chats[0]?.["gen_ai.input.messages"], "secret prompt")
      assert.include(chats[0]?.["gen_ai.output.messages"], "secret thought")
      assert.include(chats[1]?.["gen_ai.output.messages"], "secret answer")
    })
  )

  it.live("nothing is exported if telemetry is disabled, or if only the project asks for it", () =>
    Effect.gen(function* () {
      const { received, url } = yield* sink
      const { here, run } = yield* world
      yield* run({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: "true" })
      here.write(".env", `OTEL_EXPORTER_OTLP_ENDPOINT=${url}\n`)
      yield* run({})
      assert.lengthOf(received, 0)
    })
  )

  it.live("a signal with an endpoint of its own is exported there, and only that signal", () =>
    Effect.gen(function* () {
      const { received, url } = yield* sink
      const { run } = yield* world
      yield* run({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/own/path` })
      assert.deepStrictEqual([...new Set(received.map(({ url }) => url))], ["/own/path"])
    })
  )
})

describe("an endpoint that cannot be reached", () => {
  /** Runs the command, and measures how long it lives after it has printed the whole answer. */
  const after = (url: string, ...flags: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { here, model } = yield* world
      const env = { ...keyed(model.url), OTEL_EXPORTER_OTLP_ENDPOINT: url }
      const { child, ended } = here.spawn(["run", "hi", ...flags], { env })
      let answered = 0
      child.stdout?.on("data", (data: string) => {
        if (data.includes("secret answer")) answered = performance.now()
      })
      const end = yield* ended
      assert.include(end.stdout, "secret answer")
      assert.strictEqual(end.code, 0, end.stderr)
      return { stderr: end.stderr, millis: performance.now() - answered }
    })

  it.live("refuses the connection: the round is not disturbed, and the command ends within 2 seconds", () =>
    Effect.gen(function* () {
      const { millis, stderr } = yield* after("http://127.0.0.1:2")
      assert.isBelow(millis, 2000)
      assert.notMatch(stderr, /telemetry|export|127\.0\.0\.1:2\b/i)
    })
  )

  it.live("never answers: the round is not disturbed, and the command ends within 2 seconds", () =>
    Effect.gen(function* () {
      const { url } = yield* serve({ mute: true, last: "hang" })
      const { millis, stderr } = yield* after(url)
      assert.isBelow(millis, 2000)
      assert.notMatch(stderr, /telemetry|export/i)
    })
  )

  it.live("is reported at debug level", () =>
    Effect.gen(function* () {
      const { stderr } = yield* after("http://127.0.0.1:2", "--log-level", "debug")
      assert.match(stderr, /parley: debug: Telemetry was not exported to http:\/\/127\.0\.0\.1:2\/v1\/traces: /)
    })
  )
})
