import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Config, Console, Effect, Layer, Stream } from "effect"

/** A coordinator with a real model, sessions in a database, and a tool of the application. */
const settings = Config.all({
  apiKey: Config.Redacted("ANTHROPIC_API_KEY"),
  baseUrl: Config.String("ANTHROPIC_BASE_URL").pipe(Config.withDefault("https://api.anthropic.com"))
})
const Models = Layer.unwrap(Effect.map(settings, (options) => Registry.layer({ providers: [Anthropic.make(options)] })))

const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    Models,
    SqliteSessions.layer({ filename: "sessions.db" }),
    McpManager.layerMemory({ stock_level: ({ item }) => `${typeof item === "string" ? item : "everything"}: 12 left` }),
    PromptManager.layerMemory({ instructions: "You help in a small shop." })
  ])
)

/** `events` streams the events as they are stored; `handleMessage` returns when the round has ended. */
const program = Effect.gen(function* () {
  const { id } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({ title: "Stock" }))
  const coordinator = yield* SessionCoordinator
  yield* coordinator.events(id).pipe(
    Stream.runForEach(({ event, seq }) => Console.log(seq, event._tag)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* coordinator.handleMessage({ sessionId: id, request: "How many apples are left?" })
})

Effect.runFork(program.pipe(Effect.scoped, Effect.provide(Parley)))
