import { Cause, Effect, Layer, Logger, Metric, type Option, References, Tracer } from "effect"

/** The nearest span of a round, a response or a tool call that contains this one, or the caller's own span. */
const isShown = ({ name }: Tracer.Span): boolean =>
  /^(?:invoke_agent|chat |execute_tool )/.test(name) || name === "request"

const shownParent = (parent: Option.Option<Tracer.AnySpan>): Tracer.Span | undefined =>
  parent._tag === "None" || parent.value._tag !== "Span"
    ? undefined
    : isShown(parent.value)
      ? parent.value
      : shownParent(parent.value.parent)

const statusOf = ({ status }: Tracer.Span): string =>
  status._tag === "Started"
    ? "open"
    : status.exit._tag === "Success"
      ? "ok"
      : Cause.hasInterruptsOnly(status.exit.cause)
        ? "interrupted"
        : "error"

/** Keeps spans, log lines and metrics, and shows them as lines of text. */
export const telemetry = () => {
  const spans: Array<Tracer.Span> = []
  const lines: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    const annotations = Object.entries(fiber.getRef(References.CurrentLogAnnotations))
    lines.push(
      `${logLevel} ${String(message)} ${annotations.map(([name, value]) => `${name}=${String(value)}`).join(" ")}`
    )
  })
  const show = (span: Tracer.Span, depth: number): ReadonlyArray<string> => {
    const indent = "  ".repeat(depth)
    return [
      `${indent}${span.name} (${span.kind}, ${statusOf(span)})`,
      ...[...span.attributes].map(([name, value]) => `${indent}  ${name}: ${String(value)}`).toSorted(),
      ...spans
        .filter((other) => isShown(other) && shownParent(other.parent) === span)
        .flatMap((child) => show(child, depth + 1))
    ]
  }
  const roots = () => spans.filter((span) => isShown(span) && shownParent(span.parent) === undefined)
  /** `name {attributes}: count, sum`, sorted. */
  const metrics = Effect.map(Metric.snapshot, (all) =>
    all
      .flatMap(({ attributes, id, state }) => {
        const names = Object.entries(attributes ?? {})
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, value]) => `${name}=${value}`)
        return "buckets" in state ? [`${id} {${names.join(", ")}}: ${state.count}, ${state.sum}`] : []
      })
      .toSorted()
  )
  return {
    spans,
    lines,
    tree: () => roots().flatMap((root) => show(root, 0)),
    metrics,
    layer: Layer.mergeAll(
      Layer.succeed(Tracer.Tracer, tracer),
      Layer.sync(Metric.MetricRegistry, () => new Map()),
      Logger.layer([logger]),
      Layer.succeed(References.MinimumLogLevel, "Debug")
    )
  }
}
