import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import * as FilesManager from "@parley/domain/FilesManager"
import { textOf } from "@parley/domain/Content"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, sessionId, watched, world } from "./World.ts"

const { call, finish, text, thinking } = Chunks
const { turn } = ScriptedModel

const workspace = Layer.mergeAll(
  FilesManager.layerMemory([
    { path: "b.md", text: "second" },
    { path: "a.md", text: "first" }
  ]),
  DynamicContextManager.layerMemory([
    { id: "listing", tool: "list_files", input: { path: "." }, timeoutMillis: 1000, onFailure: "note" }
  ])
)
const listing = { list_files: ScriptedTools.says("a.md\nb.md") }

describe("the seed's test plan", () => {
  it.effect("buildContext assembles complete context", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const context = yield* coordinator.buildContext(sessionId, "What is here?")
      assert.strictEqual(context.systemPrompt.instructions, "Be brief.")
      assert.deepStrictEqual(
        context.systemPrompt.tools.map((tool) => tool.name),
        ["list_files"]
      )
      assert.deepStrictEqual(
        context.files.map((file) => file.path),
        ["a.md", "b.md"]
      )
      assert.lengthOf(context.dynamicContext, 1)
      assert.lengthOf(context.messages, 1)
      assert.include(context.request.system, "second")
      assert.strictEqual(context.request.messages.at(-1)?.content.at(-1), context.messages[0]?.content.at(-1))
      assert.isEmpty(yield* log, "a preview stores nothing")
      assert.isEmpty(yield* ScriptedModel.Requests.all, "a preview sends nothing")
    }).pipe(Effect.provide(world([], listing, workspace)))
  )

  it.effect("resolves dynamic context during build", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const { dynamicContext, messages } = yield* coordinator.buildContext(sessionId)
      assert.strictEqual(dynamicContext[0]?.toolName, "list_files")
      assert.deepStrictEqual(dynamicContext[0]?.result, [{ _tag: "Text", text: "a.md\nb.md" }])
      assert.include(textOf(messages[0]?.content ?? []), "a.md\nb.md")
      assert.deepStrictEqual((yield* ScriptedTools.Calls).started, ["session-1/preview/r1c1"])
    }).pipe(Effect.provide(world([], listing, workspace)))
  )

  it.effect("buildContext shows exactly what is sent", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const coordinator = yield* SessionCoordinator
      const shown = yield* coordinator.buildContext(sessionId, "What is here?")
      yield* send("What is here?")
      const [sent] = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(sent, shown.request)
      const again = yield* coordinator.buildContext(sessionId, "And now?")
      assert.deepStrictEqual(again.request.messages[0], sent?.messages[0], "nothing is rendered twice")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([turn(text(0, "Two files."), [finish()])], listing, workspace)))
  )

  it.effect("processes message with tools", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("List files in /tmp")
      const stored = yield* session
      assert.lengthOf(stored.turns, 2, "the turn that asks and the turn that answers")
      assert.deepStrictEqual(stored.rounds, [round])
      assert.strictEqual(round.status, "completed")
      const [asked] = stored.turns[0]?.toolCalls ?? []
      assert.strictEqual(asked?.state, "settled")
      assert.deepStrictEqual(asked?.outcome, { _tag: "Succeeded", content: [{ _tag: "Text", text: "a.md\nb.md" }] })
      assert.deepStrictEqual(round.usage, {
        inputTokens: 20,
        outputTokens: 10,
        cacheReadTokens: 0,
        cacheWriteTokens: 0
      })
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world(
          [
            turn(call(0, "list_files", { path: "/tmp" }), [finish("tool-calls")]),
            turn(text(0, "Two files."), [finish()])
          ],
          listing
        )
      )
    )
  )

  it.effect("handles streaming updates", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("Complex task with tools")
      const [first] = (yield* session).turns
      assert.lengthOf(first?.content ?? [], 3)
      assert.lengthOf(first?.toolCalls ?? [], 1)
      const updates = seen.filter(({ event }) => event._tag === "TurnDelta" && event.turnId === first?.id)
      assert.isAtLeast(updates.length, 3, "updates are seen while the turn streams")
      const ended = seen.findIndex(({ event }) => event._tag === "TurnCompleted")
      assert.isTrue(updates.every((entry) => seen.indexOf(entry) < ended))
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([
          turn(
            thinking(0, "First ", "a look."),
            text(1, "I will "),
            text(1, "ask "),
            text(1, "the tool."),
            call(2, "echo", { deep: [1, 2] }),
            [finish("tool-calls")]
          ),
          turn(text(0, "Done."), [finish()])
        ])
      )
    )
  )

  it.effect("completes full session with tools", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("First message")
      yield* send("Follow up task")
      const stored = yield* session
      assert.lengthOf(stored.rounds, 2)
      assert.lengthOf(stored.turns, 3)
      assert.isTrue(stored.rounds.every((round) => round.status === "completed"))
      const requests = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(
        requests.map((request) => request.messages.length),
        [1, 3, 5],
        "the second message stands on the whole first round"
      )
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([
          turn(call(0, "echo", { n: 1 }), [finish("tool-calls")]),
          turn(text(0, "First answer."), [finish()]),
          turn(text(0, "Second answer."), [finish()])
        ])
      )
    )
  )
})

it.effect("a session can be followed from any event on, without the events before it", () =>
  Effect.gen(function* () {
    yield* watched
    yield* send("go")
    const all = yield* log
    const { events } = yield* SessionCoordinator
    for (const after of [undefined, 0, 2, 5]) {
      const left = all.filter(({ seq }) => seq > (after ?? 0))
      assert.isAbove(left.length, 0)
      const told = yield* events(sessionId, { after }).pipe(Stream.take(left.length), Stream.runCollect)
      assert.deepStrictEqual(told, left, `after ${after}`)
    }
  }).pipe(Effect.provide(world([turn(text(0, "Done."), [finish()])])))
)
