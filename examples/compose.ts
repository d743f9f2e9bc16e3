import { ModelsManager } from "@parley/domain/ModelsManager"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Console, Effect, Layer } from "effect"

const tools = McpManager.layerMemory({ roll_die: () => "4" })
const Parley = SessionCoordinator.layer.pipe(
  Layer.provideMerge([tools, SessionManager.layerMemory, ModelsManager.layerMemory, PromptManager.layerMemory()])
)

const program = Effect.gen(function* () {
  const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({}))
  const coordinator = yield* SessionCoordinator
  const round = yield* coordinator.handleMessage({ sessionId: session.id, request: "Hello" })
  yield* Console.log(round.turns.at(-1)?.content)
})

Effect.runFork(Effect.provide(program, Parley))
