// A library user's own telemetry: see docs/guide/telemetry.md.
import { ModelsManager } from "@parley/domain/ModelsManager"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { TelemetryContent } from "@parley/session/TelemetryContent"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"

const tools = McpManager.layerMemory({ roll_die: () => "4" })
const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([tools, SessionManager.layerMemory, ModelsManager.layerMemory, PromptManager.layerMemory()])
)

const round = Effect.gen(function* () {
  const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({}))
  const coordinator = yield* SessionCoordinator
  return yield* coordinator.handleMessage({ sessionId: session.id, request: "Hello" })
})

/** Spans, metrics and log lines to a collector. Any other tracer, metrics exporter or logger of Effect works as well. */
const Telemetry = Otlp.layerJson({
  baseUrl: "http://localhost:4318",
  resource: { serviceName: "my-app" },
  shutdownTimeout: "1 second"
}).pipe(Layer.provide(FetchHttpClient.layer))

/** The request of this application is the parent of the round. `TelemetryContent` adds what was written; the default is false. */
const program = round.pipe(Effect.withSpan("request"), Effect.provideService(TelemetryContent, true))

Effect.runFork(Effect.provide(program, Parley.pipe(Layer.provideMerge(Telemetry))))
