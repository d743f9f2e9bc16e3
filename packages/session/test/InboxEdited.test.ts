import { textOf } from "@parley/domain/Content"
import { postId, RequestId, roundId } from "@parley/domain/Ids"
import { MessageClosed } from "@parley/domain/InboxMessage"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as SessionLog from "../src/log/SessionLog.ts"
import * as Inbox from "../src/round/SessionInbox.ts"
import * as Steering from "../src/round/Steering.ts"
import { sessionId } from "./World.ts"

const end = { _tag: "RoundCompleted", roundId: roundId(1), stop: "end" } as const

/** A store in which the first reading of the posts is followed by `change`. */
const overtaken = (change: (sessions: SessionManager["Service"]) => Effect.Effect<unknown>) =>
  Effect.map(SessionManager, (sessions) => {
    let reads = 0
    return SessionManager.of({
      ...sessions,
      posts: (id) => Effect.tap(sessions.posts(id), () => (++reads === 1 ? change(sessions) : Effect.void))
    })
  })

/** The log of a session with an open round and one message that waits. */
const opened = Effect.gen(function* () {
  const sessions = yield* SessionManager
  yield* sessions.create({ id: sessionId })
  const log = yield* SessionLog.open(sessionId, yield* sessions.acquire(sessionId))
  yield* log.append([{ _tag: "RoundStarted", roundId: roundId(1), request: [{ _tag: "Text", text: "Go" }] }])
  const { messageId } = yield* Inbox.send(sessionId, { request: "first", delivery: "steer" })
  return { log, messageId, sessions }
})

const texts = SessionManager.use((sessions) =>
  Effect.map(sessions.read(sessionId, 0), (entries) =>
    entries.map(({ event }) => ("request" in event ? `${event._tag} ${textOf(event.request)}` : event._tag))
  )
)

it.effect("a message that is edited after it was read is delivered as it was edited", () =>
  Effect.gen(function* () {
    const { log, messageId } = yield* opened
    const sessions = yield* overtaken((sessions) =>
      Effect.orDie(Effect.provideService(Inbox.edit(sessionId, messageId, "edited"), SessionManager, sessions))
    )
    yield* Effect.provideService(Steering.deliver(log, roundId(1)), SessionManager, sessions)
    assert.deepStrictEqual(yield* texts, ["RoundStarted Go", "MessageDelivered edited"])
  }).pipe(Effect.scoped, Effect.provide(SessionManager.layerMemory, { local: true }))
)

it("the error of a message that does not wait says what has become of it, and what to do", () => {
  const words = (["delivered", "withdrawn", "unknown"] as const).map(
    (state) => new MessageClosed({ sessionId, messageId: postId(1), state }).message
  )
  assert.match(
    words.join("\n"),
    /^Message p1 was delivered.*\nMessage p1 was withdrawn.*\nSession .* has no message p1/
  )
})

it.effect("a message whose round the session has is taken and not delivered", () =>
  Effect.gen(function* () {
    const { log, sessions } = yield* opened
    yield* Steering.deliver(log, roundId(1))
    const requestId = RequestId.make("k")
    yield* log.append([
      end,
      { _tag: "RoundStarted", roundId: roundId(2), requestId, request: [{ _tag: "Text", text: "Again" }] }
    ])
    yield* Inbox.send(sessionId, { request: "Again", delivery: "steer", requestId })
    yield* Steering.deliver(log, roundId(2))
    assert.deepStrictEqual(
      [(yield* texts).slice(2), yield* sessions.posts(sessionId)],
      [["RoundCompleted", "RoundStarted Again"], []]
    )
  }).pipe(Effect.scoped, Effect.provide(SessionManager.layerMemory, { local: true }))
)

it.effect("a message that is withdrawn after it was read does not continue the round", () =>
  Effect.gen(function* () {
    const { log, messageId } = yield* opened
    const sessions = yield* overtaken((sessions) => Effect.orDie(sessions.withdrawPost(sessionId, messageId)))
    const continues = yield* Effect.provideService(
      Steering.insteadOfEnd(log, roundId(1), [], [end]),
      SessionManager,
      sessions
    )
    assert.deepStrictEqual([continues, yield* texts], [false, ["RoundStarted Go", "RoundCompleted"]])
    assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(sessions.followPosts(sessionId), 1)), [[]])
  }).pipe(Effect.scoped, Effect.provide(SessionManager.layerMemory, { local: true }))
)
