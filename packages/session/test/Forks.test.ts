import { textOf } from "@parley/domain/Content"
import { InvalidMessage } from "@parley/domain/Errors"
import { roundId, SessionId, TurnId, turnId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { fromEvents } from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import { Chunks, Invariants, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Limits, defaults } from "../src/limits/Limits.ts"
import type { ForkOptions } from "../src/round/Forks.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { log, send, sessionId, until, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel

const answers = (...words: ReadonlyArray<string>) => words.map((word) => turn([...text(0, word), finish()]))
const calling = turn([...text(0, "look"), ...call(1, "echo", '{"a":1}'), finish("tool-calls")])
const refused = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, InvalidMessage)
    return error.message
  })
const fork = (options: ForkOptions = {}, from = sessionId) =>
  Effect.flatMap(SessionCoordinator, (parley) => parley.fork(from, options))
const logOf = (id: SessionId) => Effect.flatMap(SessionManager, (sessions) => sessions.read(id, 0))
const sendTo = (id: SessionId, request: string) =>
  Effect.flatMap(SessionCoordinator, (parley) => parley.handleMessage({ sessionId: id, request }))
const nextRequest = (id: SessionId) =>
  Effect.flatMap(SessionCoordinator, (parley) => Effect.map(parley.buildContext(id, "next"), ({ request }) => request))
const said = Effect.map(ScriptedModel.Requests.all, (all) =>
  all
    .at(-1)
    ?.messages.map(({ content }) => textOf(content))
    .join(" | ")
)
const tagsOf = (entries: ReadonlyArray<LogEntry>) => entries.map(({ event }) => event._tag)
const valid = (entries: ReadonlyArray<LogEntry>) =>
  assert.deepStrictEqual(Invariants.check({ log: entries }).violations, [])

describe("a fork", () => {
  it.effect("begins with the request that its origin would have sent, and goes on on its own", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* send("second")
      const parley = yield* SessionCoordinator
      yield* parley.pin(sessionId, { kind: "goal", text: "aim" })
      const info = yield* fork()
      assert.deepStrictEqual(yield* nextRequest(info.id), yield* nextRequest(sessionId))
      yield* sendTo(info.id, "third")
      assert.include(yield* said, "first | one | second | two |")
      yield* send("other")
      assert.notInclude(yield* said, "third")
      const [origin, copy] = [yield* log, yield* logOf(info.id)]
      const at = copy.findIndex(({ event }) => event._tag === "Forked")
      assert.deepStrictEqual(copy.slice(0, at), origin.slice(0, at), "numbers and times are copied")
      assert.deepStrictEqual(copy[at]?.event, { _tag: "Forked", origin: sessionId, roundId: roundId(2) })
      valid(copy)
    }).pipe(Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("begins after any closed round, or before the first one", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* send("second")
      const one = yield* fork({ at: roundId(1), id: SessionId.make("one") })
      assert.strictEqual(one.id, "one")
      assert.deepInclude(one, { title: "first", workspace: "/ws", rounds: 1, open: false })
      assert.deepStrictEqual(one.origin, { sessionId, roundId: roundId(1) })
      yield* sendTo(one.id, "third")
      assert.strictEqual(yield* said, "first | one | third")
      const none = yield* fork({ at: "start" })
      assert.deepInclude(none, { rounds: 0, head: 1, origin: { sessionId } })
      yield* sendTo(none.id, "fourth")
      assert.strictEqual(yield* said, "fourth")
      assert.include(yield* refused(fork({ at: roundId(9) })), "no round and no completed turn r9")
      const taken = yield* Effect.flip(fork({ id: SessionId.make("one") }))
      assert.strictEqual(taken._tag, "SessionBusy")
    }).pipe(Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("begins after a turn whose calls are settled, and closes its copy of the round", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      const info = yield* fork({ at: turnId(roundId(1), 1) })
      const copy = yield* logOf(info.id)
      assert.deepStrictEqual(tagsOf(copy).slice(-3), ["ToolSettled", "RoundCancelled", "Forked"])
      const end = { _tag: "Forked" as const, origin: sessionId, roundId: roundId(1), turnId: turnId(roundId(1), 1) }
      assert.deepStrictEqual(copy.at(-1)?.event, end)
      valid(copy)
      yield* sendTo(info.id, "second")
      assert.strictEqual(yield* said, "first | look | second")
      const whole = yield* logOf((yield* fork({ at: turnId(roundId(1), 2) })).id)
      assert.deepStrictEqual(tagsOf(whole).slice(-2), ["RoundCompleted", "Forked"])
    }).pipe(Effect.provide(world([calling, ...answers("done", "two")])))
  )

  it.effect("is possible while its origin runs a round: the open round is not copied", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      const running = yield* Effect.forkChild(send("second"), { startImmediately: true })
      yield* until("ToolStarted")
      const info = yield* fork()
      assert.deepInclude(info, { rounds: 1, open: false })
      assert.include(yield* refused(fork({ at: roundId(2) })), "Round r2 is still open")
      assert.include(yield* refused(fork({ at: turnId(roundId(2), 1) })), "tool calls that are not finished")
      yield* sendTo(info.id, "third")
      assert.strictEqual(yield* said, "first | one | third")
      yield* Fiber.interrupt(running)
    }).pipe(
      Effect.provide(
        world([...answers("one"), turn([...call(0, "hangs", "{}"), finish("tool-calls")]), ...answers("three")], {
          hangs: ScriptedTools.hangs
        })
      )
    )
  )

  it.effect("does not count again what its origin has used", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      const info = yield* fork()
      assert.deepInclude(info, { usage: zero, cost: 0 })
      // The origin has reached the limit with 15 tokens, and the fork has used none.
      const limited = Effect.provideService(Limits, { ...defaults, sessionTokens: 15 })
      assert.strictEqual((yield* Effect.flip(limited(send("second"))))._tag, "CapReached")
      yield* limited(sendTo(info.id, "second"))
      const entries = yield* logOf(info.id)
      const after = yield* SessionManager.use((sessions) => sessions.get(info.id))
      assert.deepStrictEqual(after.usage, Chunks.usage)
      const session = fromEvents(info.id, entries)
      assert.deepStrictEqual(session.usage, Chunks.usage)
      assert.deepStrictEqual(session.origin, { sessionId, roundId: roundId(1) })
      assert.deepStrictEqual(
        session.rounds.map(({ copied }) => copied === true),
        [true, false]
      )
      assert.deepStrictEqual(Invariants.usageAddsUp(entries, after), [])
    }).pipe(Effect.provide(world(answers("one", "two"))))
  )

  it.effect("keeps what is undone, and can begin with a round that was undone later", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* send("second")
      const parley = yield* SessionCoordinator
      yield* parley.undo(sessionId)
      const all = yield* fork()
      assert.deepStrictEqual(yield* nextRequest(all.id), yield* nextRequest(sessionId))
      const before = yield* fork({ at: roundId(2) })
      yield* sendTo(before.id, "third")
      assert.strictEqual(yield* said, "first | one | second | two | third")
      yield* parley.redo(all.id)
      yield* sendTo(all.id, "third")
      assert.strictEqual(yield* said, "first | one | second | two | third")
    }).pipe(Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("works without its origin, and can be forked again", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      const one = yield* fork()
      yield* SessionManager.use((sessions) => sessions.remove(sessionId))
      yield* sendTo(one.id, "second")
      assert.strictEqual(yield* said, "first | one | second")
      const two = yield* fork({}, one.id)
      assert.deepStrictEqual(two.origin, { sessionId: one.id, roundId: roundId(2) })
      yield* sendTo(two.id, "third")
      assert.strictEqual(yield* said, "first | one | second | two | third")
      valid(yield* logOf(two.id))
      assert.strictEqual((yield* Effect.flip(fork()))._tag, "SessionNotFound")
    }).pipe(Effect.provide(world(answers("one", "two", "three"))))
  )

  it.effect("of a damaged session begins before the damage", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const sessions = yield* SessionManager
          const { epoch } = yield* sessions.acquire(sessionId)
          const { head } = yield* sessions.get(sessionId)
          const second: SessionEvent = { _tag: "RoundCancelled", roundId: roundId(1) }
          yield* sessions.append(sessionId, { after: head, epoch }, [second])
        })
      )
      const error = yield* Effect.flip(fork())
      assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
      const info = yield* fork({ at: roundId(1) })
      yield* sendTo(info.id, "second")
      assert.strictEqual(yield* said, "first | one | second")
    }).pipe(Effect.provide(world(answers("one", "two"))))
  )

  it.effect("begins only at turns that exist and are complete", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      assert.include(yield* refused(fork({ at: TurnId.make("r1t9") })), "no round and no completed turn r1t9")
    }).pipe(Effect.provide(world(answers("one"))))
  )
})

describe("the difference of two sessions", () => {
  const summary = (round: number, message: string) => ({
    roundId: roundId(round),
    message,
    status: "completed" as const
  })

  it.effect("is what follows their last common event, with or without the origin", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      yield* send("first")
      yield* send("second")
      const one = yield* fork({ at: roundId(1), id: SessionId.make("one") })
      yield* sendTo(one.id, "third")
      const two = yield* fork({ id: SessionId.make("two") }, one.id)
      yield* sendTo(two.id, "fourth")
      assert.deepStrictEqual(yield* parley.difference(sessionId, two.id), {
        common: { through: one.head - 1, rounds: [roundId(1)] },
        left: { sessionId, rounds: [summary(2, "second")] },
        right: { sessionId: two.id, rounds: [summary(2, "third"), summary(3, "fourth")] }
      })
      const same = yield* parley.difference(one.id, two.id)
      assert.deepStrictEqual(same.common.rounds, [roundId(1), roundId(2)])
      assert.isEmpty(same.left.rounds)
      const other = yield* fork({ id: SessionId.make("other") })
      yield* SessionManager.use((sessions) => sessions.remove(sessionId))
      const siblings = yield* parley.difference(other.id, two.id)
      assert.deepStrictEqual(siblings.common.rounds, [roundId(1)])
      assert.deepStrictEqual(
        siblings.left.rounds.map(({ message }) => message),
        ["second"]
      )
      const stranger = yield* SessionManager.use((sessions) => sessions.create({}))
      assert.include(yield* refused(parley.difference(one.id, stranger.id)), "are not related")
    }).pipe(Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("counts a round that was copied up to a turn on both sides", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      yield* send("first")
      const one = yield* fork({ at: turnId(roundId(1), 1) })
      const { common, left, right } = yield* parley.difference(sessionId, one.id)
      assert.deepStrictEqual(common, { through: one.head - 2, rounds: [] })
      assert.deepStrictEqual([left.rounds[0]?.status, right.rounds[0]?.status], ["completed", "cancelled"])
    }).pipe(Effect.provide(world([calling, ...answers("done")])))
  )
})
