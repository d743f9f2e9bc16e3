import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OtlpSettings from "./OtlpSettings.ts"

/**
 * Exports spans, metrics and log lines over OTLP, as the standard OpenTelemetry variables of an environment ask for:
 * `OTEL_EXPORTER_OTLP_ENDPOINT` and its relatives. Without an endpoint, this is empty and loads nothing.
 *
 * Provide it around the program, outside `Engine.layer`. While it is provided, log lines at debug level reach every logger,
 * so a logger that is for people must select the levels that it shows. When its scope closes, what is left is exported, for
 * at most one second. An endpoint that cannot be reached never fails or delays a round: it is logged at debug level, and
 * what was to be exported is dropped.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (env: OtlpSettings.Environment): Layer.Layer<never> => {
  const settings = OtlpSettings.fromEnvironment(env)
  const { problems, targets } = settings
  const report = Layer.effectDiscard(Effect.forEach(problems, (problem) => Effect.logDebug(problem), { discard: true }))
  if (Object.keys(targets).length === 0) return problems.length === 0 ? Layer.empty : report
  return Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./OtlpExport.ts")),
      (OtlpExport) => Layer.merge(OtlpExport.layer(settings), report)
    )
  )
}
