import { argv } from "node:process"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Recording from "@parley/session/Recording"
import * as RecordingFormat from "@parley/session/RecordingFormat"
import * as Replay from "@parley/session/Replay"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Chunks, ScriptedModel } from "@parley/testing"
import { Console, Effect, Layer } from "effect"

/** Counts the calls of the tool, to show that a replay does not call it. */
export const calls = { count: 0 }

const tools = McpManager.layerMemory({ ticket: () => `ticket ${++calls.count}` })
const model = ScriptedModel.layer([
  ScriptedModel.turn([...Chunks.call(0, "ticket", {}), Chunks.finish("tool-calls")]),
  ScriptedModel.turn([...Chunks.text(0, "Here is your ticket."), Chunks.finish()])
])

/** Has a conversation and returns its recording. */
export const record = Effect.gen(function* () {
  const lines: Array<string> = []
  const Parley = Recording.layer({ write: (line) => void lines.push(line) }).pipe(
    Layer.provideMerge([tools, SessionManager.layerMemory, model, PromptManager.layerMemory()])
  )
  const conversation = Effect.gen(function* () {
    const session = yield* SessionManager.use((sessions) => sessions.create({}))
    const coordinator = yield* SessionCoordinator
    yield* coordinator.handleMessage({ sessionId: session.id, request: "A ticket, please" })
  })
  yield* Effect.provide(conversation, Parley)
  return lines.join("")
})

/** Runs a recorded session again, without the tool and the model. */
export const replay = Effect.fn("replay")(function* (recording: string) {
  const recorded = yield* Effect.fromResult(RecordingFormat.parse("ticket.jsonl", recording))
  return yield* Replay.run({ name: "ticket.jsonl", recorded })
})

// `import.meta.main` exists since Node 24.2.
if (import.meta.filename === argv[1])
  Effect.flatMap(record, replay).pipe(
    Effect.flatMap(({ difference, played, steps }) =>
      Console.log(difference ?? `${played} of ${steps} steps are equal`)
    ),
    Effect.runFork
  )
