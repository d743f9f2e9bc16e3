import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Console, Effect, Layer, Stream } from "effect"

const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    SessionManager.layerMemory,
    ModelsManager.layerMemory,
    McpManager.layerMemory({ roll_die: () => "4" }),
    PromptManager.layerMemory()
  ])
)

const program = Effect.gen(function* () {
  const { id } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({}))
  const coordinator = yield* SessionCoordinator
  yield* coordinator
    .stream({ sessionId: id, request: "Hello" })
    .pipe(Stream.runForEach(({ event, seq }) => Console.log(seq, event._tag)))
})

Effect.runFork(Effect.provide(program, Parley))
