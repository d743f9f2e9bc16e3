import * as Http from "@parley/http/Http"
import { TelemetryContent } from "@parley/session/TelemetryContent"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as OtlpLogger from "effect/observability/OtlpLogger"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as References from "effect/References"
import { HostProcess } from "../ports/HostProcess.ts"
import type { OtlpSettings, Target } from "./OtlpSettings.ts"

/** How long the end of a program waits for the last export. The signals are exported concurrently. */
const shutdownTimeout = "1 second"

/** The limits of one export. The exporter tries again, and then pauses for a minute. */
const limits = { connectMillis: 5000, headersMillis: 10_000, idleMillis: 10_000, totalMillis: 10_000 }

/** Logs each request that fails, or is given up, at debug level. These lines are not exported themselves. */
const client = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    HttpClient.transform(client, (response, { url }) =>
      Effect.onError(response, (cause) => {
        const why = Cause.hasInterruptsOnly(cause) ? "no answer in time" : Cause.prettyErrors(cause)[0]?.message
        return Effect.logDebug(`Telemetry was not exported to ${url}: ${why ?? "unknown reason"}`)
      })
    )
  )
).pipe(Layer.provide(FetchHttpClient.layer))

const serialization = ({ protocol }: Target) =>
  protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf

/** Log lines at debug level are exported as well. A host's own logger must choose what it shows: see `Telemetry.layer`. */
const debugLevel = Layer.effect(
  References.MinimumLogLevel,
  Effect.map(References.MinimumLogLevel, (level) => (LogLevel.isGreaterThan(level, "Debug") ? "Debug" : level))
)

/** The exporters of the signals that the settings name. */
export const layer = ({ content, resource, targets }: OtlpSettings): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.map(Effect.all([Http.Client, HostProcess]), ([http, { clientInfo }]) => {
      const { "service.name": serviceName, "service.version": serviceVersion, ...attributes } = resource
      const about = {
        serviceName: serviceName ?? clientInfo.name,
        serviceVersion: serviceVersion ?? clientInfo.version,
        attributes
      }
      const options = (target: Target) => ({ ...target, resource: about, shutdownTimeout }) as const
      const { logs, metrics, traces } = targets
      return Layer.mergeAll(
        traces === undefined
          ? Layer.empty
          : OtlpTracer.layer(options(traces)).pipe(Layer.provide(serialization(traces))),
        metrics === undefined
          ? Layer.empty
          : OtlpMetrics.layer(options(metrics)).pipe(Layer.provide(serialization(metrics))),
        logs === undefined
          ? Layer.empty
          : Layer.merge(OtlpLogger.layer(options(logs)).pipe(Layer.provide(serialization(logs))), debugLevel),
        content ? Layer.succeed(TelemetryContent, true) : Layer.empty
      ).pipe(
        Layer.provide([
          client,
          Layer.succeed(FetchHttpClient.Fetch, http.within(limits)),
          // The exporters would read the environment as well. What they need has been read, and checked.
          ConfigProvider.layer(ConfigProvider.fromUnknown({}))
        ])
      )
    })
  )
