import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Config, Console, Effect, Layer, Stream } from "effect"

/** A real model behind the coordinator, sessions in a database, a tool of the application's own. */
const Models = Layer.unwrap(
  Effect.map(Config.Redacted("ANTHROPIC_API_KEY"), (apiKey) =>
    Registry.layer({ providers: [Anthropic.make({ apiKey })] })
  )
)

const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    Models,
    SqliteSessions.layer({ filename: "sessions.db" }),
    McpManager.layerMemory({ stock_level: ({ item }) => `${typeof item === "string" ? item : "everything"}: 12 left` }),
    PromptManager.layerMemory({ instructions: "You help in a small shop." })
  ])
)

/** `events` shows the conversation while it happens; `handleMessage` returns when the round is over. */
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
