import { assert, describe, it } from "@effect/vitest"
import { RoundId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect, Fiber, Layer } from "effect"
import { follow, startOf } from "../src/commands/Follow.ts"
import { Output } from "../src/output/Output.ts"

const roundId = RoundId.make("r1")
const started: SessionEvent = { _tag: "RoundStarted", roundId, request: [{ _tag: "Text", text: "hi" }] }
const cancelled: SessionEvent = { _tag: "RoundCancelled", roundId }
const log = (...events: ReadonlyArray<SessionEvent>): ReadonlyArray<LogEntry> =>
  events.map((event, i) => ({ seq: i + 5, at: 0, event }))

const engine = SessionCoordinator.layer.pipe(
  Layer.provideMerge([
    SessionManager.layerMemory,
    McpManager.layerMemory({}),
    ModelsManager.layerMemory,
    PromptManager.layerMemory()
  ])
)

describe("a session that is followed", () => {
  it("continues with the open round, or after all closed ones", () => {
    assert.strictEqual(startOf([]), 0)
    assert.strictEqual(startOf(log(started)), 4)
    assert.strictEqual(startOf(log(started, cancelled)), 6)
    assert.strictEqual(startOf(log(started, cancelled, started)), 6)
  })

  it.live("shows each message with its author, how each round ended, and that the session was deleted", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const coordinator = yield* SessionCoordinator
      const info = yield* sessions.create({})
      const say = (text: string) => coordinator.handleMessage({ sessionId: info.id, request: [{ _tag: "Text", text }] })
      yield* say("first")
      const before = startOf(yield* sessions.read(info.id, 0))
      const said: Array<string> = []
      const keep = (how: string) => (text: string) => Effect.sync(() => void said.push(`${how} ${text}`))
      const output = Output.of({
        text: keep("text"),
        line: keep("line"),
        note: keep("note"),
        aside: keep("aside"),
        ask: keep("ask")
      })
      const following = (after: number, format: "text" | "json") =>
        Effect.provideService(follow(info, after, format), Output, output)
      const spectator = yield* Effect.forkChild(following(before, "text"), { startImmediately: true })
      yield* say("second")
      yield* sessions.remove(info.id)
      yield* Fiber.join(spectator)
      const all = said.join("\n")
      assert.notInclude(all, "first")
      assert.match(all, /^text ── r2\n> second\n[^]*aside r2 completed\nnote Session \w+ was deleted$/)
    }).pipe(Effect.provide(engine))
  )
})
