import { SessionId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { Invariants, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { lostRound, pastRound } from "./support/lostRounds.ts"
import { world } from "./World.ts"

/** What a store was asked, and when the process that asked it dies: it never hears of that append again. */
interface Asked {
  lists: number
  readonly reads: Array<string>
  entries: number
  appends: number
  dies: "never" | "before the append" | "after it"
}

const asked = (): Asked => ({ lists: 0, reads: [], entries: 0, appends: 0, dies: "never" })

const counting = (
  sessions: SessionManager["Service"],
  count: Asked,
  leases: Scope.Scope
): SessionManager["Service"] => ({
  ...sessions,
  list: (options) => Effect.tap(sessions.list(options), () => Effect.sync(() => count.lists++)),
  // A lease of a process that died is free.
  acquire: (id) => Scope.provide(sessions.acquire(id), leases),
  read: (id, after) =>
    Effect.tap(sessions.read(id, after), (entries) =>
      Effect.sync(() => {
        count.reads.push(id)
        count.entries += entries.length
      })
    ),
  append: (id, at, events) =>
    Effect.suspend(() => {
      count.appends++
      if (count.dies === "before the append") return Effect.never
      const stored = sessions.append(id, at, events)
      return count.dies === "after it" ? Effect.andThen(stored, Effect.never) : stored
    })
})

/** A process of its own over the same store, as far as it gets with recovery; nobody cleans up after it but for its leases. */
const recovery = Effect.fnUntraced(function* (count: Asked) {
  const sessions = yield* SessionManager
  const [life, leases] = [yield* Scope.make(), yield* Scope.make()]
  const built = yield* Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
    Effect.provideService(SessionManager, counting(sessions, count, leases)),
    Scope.provide(life)
  )
  const { recover } = Context.get(built, SessionCoordinator)
  const fiber = yield* Effect.forkIn(recover, life, { startImmediately: true })
  yield* Effect.repeat(Effect.yieldNow, { times: 200 })
  yield* Scope.close(leases, Exit.void)
  return fiber.pollUnsafe() === undefined ? undefined : yield* Fiber.join(fiber)
})

const put = Effect.fnUntraced(function* (name: string, events: ReadonlyArray<SessionEvent>) {
  const sessions = yield* SessionManager
  const id = SessionId.make(name)
  yield* sessions.create({ id })
  yield* sessions.append(id, { after: 0, epoch: 0 }, events)
  return id
})

const nobodyWasAsked = Effect.gen(function* () {
  assert.deepStrictEqual(yield* ScriptedModel.Requests.all, [])
  assert.deepStrictEqual((yield* ScriptedTools.Calls).started, [])
})

const alone = Effect.provide(world([]), { local: true })

it.effect("invariant 42: recovery reads only the sessions with an open round, however many sessions there are", () =>
  Effect.gen(function* () {
    const past = Array.from({ length: 20 }, (_, i) => pastRound(i + 1)).flat()
    for (let i = 0; i < 200; i++) yield* put(`past-${i}`, past)
    const open = [yield* put("open-1", lostRound(1)), yield* put("open-2", [...pastRound(1), ...lostRound(2)])]
    const count = asked()
    const recovered = yield* recovery(count)
    assert.deepStrictEqual(recovered?.map(({ _tag, sessionId }) => `${_tag} ${sessionId}`).sort(), [
      "Closed open-1",
      "Closed open-2"
    ])
    assert.deepStrictEqual(count.reads.sort(), open)
    const ofOpen = 2 * lostRound(1).length + pastRound(1).length
    assert.deepStrictEqual([count.lists, count.entries, count.appends], [1, ofOpen, 2])
    const again = asked()
    assert.deepStrictEqual(yield* recovery(again), [])
    assert.deepStrictEqual([again.lists, again.reads, again.appends], [1, [], 0])
    yield* nobodyWasAsked
  }).pipe(alone)
)

it.effect(
  "invariant 42: a process that dies in recovery attempts one append each time, and repeats nothing of the round",
  () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const id = yield* put("open", lostRound(1))
      const before = yield* sessions.read(id, 0)
      for (let death = 1; death <= 5; death++) {
        const count: Asked = { ...asked(), dies: "before the append" }
        assert.isUndefined(yield* recovery(count), "it died")
        assert.deepStrictEqual([count.lists, count.reads, count.appends], [1, [id], 1])
        assert.deepStrictEqual(yield* sessions.read(id, 0), before, "and changed nothing")
      }
      const last: Asked = { ...asked(), dies: "after it" }
      assert.isUndefined(yield* recovery(last))
      assert.deepStrictEqual([last.lists, last.reads, last.appends], [1, [id], 1])

      // Nobody heard of it, and all of it is stored: nothing is left to do.
      const closed = yield* sessions.read(id, 0)
      assert.deepStrictEqual(
        closed.slice(-3).map(({ event }) => event._tag),
        ["ToolSettled", "ToolSettled", "RoundFailed"]
      )
      assert.isFalse((yield* sessions.get(id)).open)
      const after = asked()
      assert.deepStrictEqual(yield* recovery(after), [])
      assert.deepStrictEqual([after.lists, after.reads, after.appends], [1, [], 0])
      assert.deepStrictEqual(yield* sessions.read(id, 0), closed)
      for (const number of [3, 14, 18])
        assert.deepStrictEqual(Invariants.all[number]?.check({ log: closed, calls: [] }), {
          _tag: "Checked",
          violations: []
        })
      yield* nobodyWasAsked
    }).pipe(alone)
)
