import { assert, describe, it } from "@effect/vitest"
import { fromEnvironment } from "../src/telemetry/OtlpSettings.ts"

const endpoint = "http://collector:4318"
const urls = (env: { readonly [name: string]: string }) => {
  const { targets } = fromEnvironment(env)
  return Object.fromEntries(Object.entries(targets).map(([signal, { url }]) => [signal, url]))
}

describe("the OpenTelemetry variables", () => {
  it("export nothing without an endpoint, with an empty one, and if telemetry is disabled", () => {
    assert.deepStrictEqual(urls({ OTEL_SERVICE_NAME: "a" }), {})
    assert.deepStrictEqual(urls({ OTEL_EXPORTER_OTLP_ENDPOINT: " " }), {})
    assert.deepStrictEqual(fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: " " }).problems, [])
    assert.deepStrictEqual(urls({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: "True" }), {})
  })

  it("add the path of the signal to the common endpoint, and nothing to the endpoint of one signal", () => {
    const all = { traces: `${endpoint}/v1/traces`, metrics: `${endpoint}/v1/metrics`, logs: `${endpoint}/v1/logs` }
    assert.deepStrictEqual(urls({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }), all)
    assert.deepStrictEqual(urls({ OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` }), all)
    assert.deepStrictEqual(
      urls({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "https://logs/in" }),
      { ...all, logs: "https://logs/in" }
    )
  })

  it("export a signal only if its exporter is otlp, which is the default", () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_LOGS_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "console,otlp"
    }
    assert.deepStrictEqual(Object.keys(urls(env)), ["traces", "metrics"])
  })

  it("decode headers and attributes, and prefer those of one signal", () => {
    const { resource, targets } = fromEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20YTpiPT0=, x-a = 1 ,broken,x-bad=%zz",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-b=2",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,team=a%2Cb",
      OTEL_SERVICE_NAME: "mine"
    })
    assert.deepStrictEqual(targets.traces?.headers, { authorization: "Basic YTpiPT0=", "x-a": "1", "x-bad": "%zz" })
    assert.deepStrictEqual(targets.metrics?.headers, { "x-b": "2" })
    assert.deepStrictEqual(resource, { "service.name": "mine", team: "a,b" })
  })

  it("use JSON unless protobuf is requested, and do not export with another protocol or an invalid endpoint", () => {
    const protocol = (env: { readonly [name: string]: string }) =>
      fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env }).targets.traces?.protocol
    assert.strictEqual(protocol({}), "http/json")
    assert.strictEqual(protocol({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }), "http/protobuf")
    assert.isUndefined(protocol({ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc" }))
    const { problems, targets } = fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: "secret-host:4317" })
    assert.deepStrictEqual(targets, {})
    assert.lengthOf(problems, 3)
    assert.notInclude(problems.join(), "secret-host")
  })

  it("include content only if the variable of the conventions is true", () => {
    const name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    assert.isFalse(fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).content)
    assert.isFalse(fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, [name]: "0" }).content)
    assert.isTrue(fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, [name]: "true" }).content)
  })
})
