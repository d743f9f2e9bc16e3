import { Schema } from "effect"

// The JSON encoding of OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

const hex = (digits: number) => Schema.String.check(Schema.isPattern(new RegExp(`^[0-9a-f]{${digits}}$`)))
const Time = Schema.String.check(Schema.isPattern(/^[1-9]\d{18}$/))
/** A 64-bit integer: a string, or a number if it is small. */
const Int64 = Schema.Union([Schema.String.check(Schema.isPattern(/^-?\d+$/)), Schema.Int])

const Scalar = Schema.Union([
  Schema.Struct({ stringValue: Schema.String }),
  Schema.Struct({ boolValue: Schema.Boolean }),
  Schema.Struct({ intValue: Int64 }),
  Schema.Struct({ doubleValue: Schema.Finite })
])
const Value = Schema.Union([Scalar, Schema.Struct({ arrayValue: Schema.Struct({ values: Schema.Array(Scalar) }) })])
const attributes = Schema.Array(Schema.Struct({ key: Schema.NonEmptyString, value: Value }))
const dropped = Schema.Literal(0)
const resource = Schema.Struct({ attributes, droppedAttributesCount: dropped })
const scope = Schema.Struct({ name: Schema.NonEmptyString, version: Schema.optionalKey(Schema.String) })

const Span = Schema.Struct({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: Schema.optionalKey(hex(16)),
  name: Schema.NonEmptyString,
  kind: Schema.Literals([1, 2, 3, 4, 5]),
  startTimeUnixNano: Time,
  endTimeUnixNano: Time,
  attributes,
  droppedAttributesCount: dropped,
  events: Schema.Array(
    Schema.Struct({ name: Schema.String, timeUnixNano: Time, attributes, droppedAttributesCount: dropped })
  ),
  droppedEventsCount: dropped,
  links: Schema.Array(
    Schema.Struct({ traceId: hex(32), spanId: hex(16), attributes, droppedAttributesCount: dropped })
  ),
  droppedLinksCount: dropped,
  status: Schema.Struct({ code: Schema.Literals([0, 1, 2]), message: Schema.optionalKey(Schema.String) })
})
const Point = Schema.Struct({
  attributes,
  startTimeUnixNano: Time,
  timeUnixNano: Time,
  count: Int64,
  sum: Schema.Finite,
  min: Schema.Finite,
  max: Schema.Finite,
  bucketCounts: Schema.Array(Int64),
  explicitBounds: Schema.Array(Schema.Finite)
})
const Histogram = Schema.Struct({
  name: Schema.NonEmptyString,
  description: Schema.String,
  unit: Schema.NonEmptyString,
  histogram: Schema.Struct({ aggregationTemporality: Schema.Literals([1, 2]), dataPoints: Schema.Array(Point) })
})
const LogRecord = Schema.Struct({
  severityNumber: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 24 })),
  severityText: Schema.String,
  timeUnixNano: Time,
  observedTimeUnixNano: Time,
  attributes,
  body: Value,
  droppedAttributesCount: dropped,
  traceId: Schema.optionalKey(hex(32)),
  spanId: Schema.optionalKey(hex(16))
})

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(
    Schema.Struct({ resource, scopeSpans: Schema.Array(Schema.Struct({ scope, spans: Schema.Array(Span) })) })
  )
})
const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(
    Schema.Struct({ resource, scopeMetrics: Schema.Array(Schema.Struct({ scope, metrics: Schema.Array(Histogram) })) })
  )
})
const Logs = Schema.Struct({
  resourceLogs: Schema.Array(
    Schema.Struct({ resource, scopeLogs: Schema.Array(Schema.Struct({ scope, logRecords: Schema.Array(LogRecord) })) })
  )
})

/** Unknown fields are errors, so that a misspelled one is found. */
const strict = { onExcessProperty: "error" } as const
const traces = Schema.decodeUnknownSync(Schema.fromJsonString(Traces), strict)
const metrics = Schema.decodeUnknownSync(Schema.fromJsonString(Metrics), strict)
const logs = Schema.decodeUnknownSync(Schema.fromJsonString(Logs), strict)

export type OtlpSpan = typeof Span.Type

interface Request {
  readonly url: string
  readonly body: string
}

/** Checks every body against the encoding, and returns what all of them contain. Throws for any other request. */
export const decodeAll = (requests: ReadonlyArray<Request>) => {
  const of = (path: string) => requests.filter(({ url }) => url === path).map(({ body }) => body)
  const rest = requests.filter(({ url }) => !["/v1/traces", "/v1/metrics", "/v1/logs"].includes(url))
  if (rest.length > 0) throw new Error(`unknown paths: ${rest.map(({ url }) => url).join(", ")}`)
  const ofTraces = of("/v1/traces").flatMap((body) => traces(body).resourceSpans)
  const ofMetrics = of("/v1/metrics").flatMap((body) => metrics(body).resourceMetrics)
  const ofLogs = of("/v1/logs").flatMap((body) => logs(body).resourceLogs)
  return {
    resources: [...ofTraces, ...ofMetrics, ...ofLogs].map(({ resource }) => plain(resource.attributes)),
    spans: ofTraces.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    metrics: ofMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
    logs: ofLogs
      .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
      // A later batch may overtake an earlier one.
      .toSorted((a, b) => (a.observedTimeUnixNano < b.observedTimeUnixNano ? -1 : 1))
  }
}

/** Attributes as an object of texts. */
export const plain = (list: typeof attributes.Type): { readonly [key: string]: string } =>
  Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      "arrayValue" in value
        ? value.arrayValue.values.map((item) => Object.values(item).join("")).join(",")
        : Object.values(value).join("")
    ])
  )
