// An HTTP service. A session is created, receives messages, and its events are server-sent events.
//   POST /sessions                        → {"id":"ses_…"}
//   POST /sessions/ID/messages {"text"}   → {"roundId":"r1"} when the message is durable; the round goes on without the client
//   POST /sessions/ID/stream   {"text"}   → the round's events; a client that goes away cancels the round
//   GET  /sessions/ID/events              → all events, then new ones; after the event that `Last-Event-ID` names
// SIGTERM: refuses new messages, gives rounds time to finish, cancels the others, and exits.
import { NodeHttpServer } from "@effect/platform-node"
import { RequestId, SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Config, Deferred, Effect, Layer, Ref, Schedule, Schema, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import process from "node:process"

const settings = Config.all({
  apiKey: Config.Redacted("ANTHROPIC_API_KEY"),
  baseUrl: Config.String("ANTHROPIC_BASE_URL").pipe(Config.withDefault("https://api.anthropic.com"))
})
const port = Config.Int("PORT").pipe(Config.withDefault(3000))
/** How long rounds may take to finish after SIGTERM. */
const grace = Config.Duration("GRACE").pipe(Config.withDefault("10 seconds"))

const Models = Layer.unwrap(Effect.map(settings, (options) => Registry.layer({ providers: [Anthropic.make(options)] })))
const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    Models,
    SqliteSessions.layer({ filename: "sessions.db" }),
    McpManager.layerMemory({ stock_level: () => "12 left" }),
    PromptManager.layerMemory({ instructions: "You help in a small shop." })
  ])
)

class Closing extends Schema.TaggedError<Closing>()("Closing", {}) {
  override readonly message = "the service is closing"
}

const statuses = new Map(
  Object.entries({
    Closing: 503,
    MessageWithdrawn: 503,
    SessionNotFound: 404,
    SessionBusy: 409,
    InvalidMessage: 400,
    SchemaError: 400
  })
)
const failedWith = (error: { readonly _tag: string; readonly message: string }) =>
  Effect.succeed(HttpServerResponse.text(error.message, { status: statuses.get(error._tag) ?? 500 }))

const encode = Schema.encodeSync(Schema.fromJsonString(LogEntry))
const eventStream = <E extends { readonly message: string }>(entries: Stream.Stream<LogEntry, E>) =>
  entries.pipe(
    Stream.map((entry) => `id: ${entry.seq}\nevent: ${entry.event._tag}\ndata: ${encode(entry)}\n\n`),
    Stream.catch(({ message }) => Stream.succeed(`event: error\ndata: ${message.replaceAll("\n", "\ndata: ")}\n\n`)),
    Stream.encodeText,
    (body) => HttpServerResponse.stream(body, { contentType: "text/event-stream" })
  )

const Message = Schema.Struct({ text: Schema.String, requestId: Schema.optionalKey(RequestId) })
const sessionOf = HttpRouter.schemaPathParams(Schema.Struct({ id: SessionId }))

const terminated = Effect.callback<void>((resume) => void process.once("SIGTERM", () => resume(Effect.void)))

const service = Effect.gen(function* () {
  const coordinator = yield* SessionCoordinator
  const sessions = yield* SessionManager
  const gate = yield* Ref.make({ isOpen: true, requests: 0 })
  const count = (by: number) => Ref.update(gate, (now) => ({ ...now, requests: now.requests + by }))
  /** Counts a request until its response has been sent. */
  const enter = Effect.acquireRelease(
    Effect.flatMap(Ref.get(gate), ({ isOpen }) => (isOpen ? count(1) : Effect.fail(new Closing()))),
    () => count(-1)
  )
  const closed = yield* Deferred.make<void>()
  const message = Effect.gen(function* () {
    yield* enter
    const { text, ...others } = yield* HttpServerRequest.schemaBodyJson(Message)
    return { sessionId: (yield* sessionOf).id, request: text, ...others }
  })
  const created = Effect.map(sessions.create({}), ({ id }) => HttpServerResponse.jsonUnsafe({ id }))
  const submitted = Effect.gen(function* () {
    const { roundId } = yield* coordinator.submit(yield* message)
    return HttpServerResponse.jsonUnsafe({ roundId }, { status: 202 })
  })
  const streamed = Effect.map(message, (options) => eventStream(coordinator.stream(options)))
  const events = Effect.gen(function* () {
    const { id } = yield* sessionOf
    yield* sessions.get(id)
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const after = /^\d{1,15}$/.test(headers["last-event-id"] ?? "") ? Number(headers["last-event-id"]) : 0
    return eventStream(coordinator.events(id, { after }).pipe(Stream.interruptWhen(Deferred.await(closed))))
  })
  const routes = HttpRouter.addAll([
    HttpRouter.route("POST", "/sessions", Effect.catch(created, failedWith)),
    HttpRouter.route("POST", "/sessions/:id/messages", Effect.catch(submitted, failedWith)),
    HttpRouter.route("POST", "/sessions/:id/stream", Effect.catch(streamed, failedWith)),
    HttpRouter.route("GET", "/sessions/:id/events", Effect.catch(events, failedWith))
  ])
  const server = NodeHttpServer.layer(createServer, { port: yield* port, host: "127.0.0.1" })
  yield* Layer.build(HttpRouter.serve(routes, { disableLogger: true }).pipe(Layer.provideMerge(server)))
  yield* terminated
  yield* Ref.update(gate, (now) => ({ ...now, isOpen: false }))
  const isIdle = Effect.gen(function* () {
    const { requests } = yield* Ref.get(gate)
    return requests === 0 && (yield* sessions.list({ open: true, limit: 1 })).length === 0
  })
  yield* Effect.repeat(isIdle, { until: (idle) => idle, schedule: Schedule.spaced("50 millis") }).pipe(
    Effect.timeoutOption(yield* grace)
  )
  yield* Deferred.succeed(closed, undefined)
})

await Effect.runPromise(service.pipe(Effect.scoped, Effect.provide(Parley)))
