import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { SessionId } from "@parley/domain/Ids"
import type { PostChanged } from "@parley/domain/Post"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { asked, at, cancelled, completed, delta, fact, facts, failed, interrupted, t1, t2 } from "./ContractEvents.ts"
import { forks } from "./ContractForks.ts"
import { generated } from "./ContractGenerated.ts"
import { library } from "./ContractLibrary.ts"
import { search } from "./ContractSearch.ts"
import { leases } from "./ContractLeases.ts"
import { posts } from "./ContractPosts.ts"
import { subscriptions } from "./ContractSubscriptions.ts"
import { findAll, type RuleSettings, words } from "./ContractRule.ts"
import { register } from "./ContractSuite.ts"
import { type DurabilitySubject, rules as durability } from "./SessionDurability.ts"
import { type SessionSubject, shows, stores } from "./SessionRules.ts"

const seqs = (entries: ReadonlyArray<LogEntry>) => entries.map(({ seq }) => seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const events = (entries: ReadonlyArray<LogEntry>) => entries.map(({ event }) => event)
/** The tag of the error, or `stored`. */
const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.match(effect, { onFailure: (error): string => error._tag, onSuccess: () => "stored" })

type Service = SessionManager["Service"]

/**
 * What the suite needs to know of a session manager.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never> extends RuleSettings {
  /** A layer that starts without sessions each time it is built. */
  readonly layer: Layer.Layer<SessionManager, E>
  /** For stores that outlive their process; see `Reopen`. Without it, nothing tests that acknowledged events are durable. */
  readonly reopen?: Effect.Effect<Layer.Layer<SessionManager, E>, E, Scope.Scope>
}

const rules = [stores, shows]
const subjectOf = <E>({
  layer,
  reopen: _,
  ...settings
}: Options<E>): Effect.Effect<SessionSubject, never, Scope.Scope> =>
  Layer.fresh(layer).pipe(
    Layer.build,
    Effect.map((context) => ({ ...settings, sessions: Context.get(context, SessionManager) })),
    Effect.orDie
  )
const durabilityOf = <E>({ layer: _, reopen, ...settings }: Options<E>): ReadonlyArray<DurabilitySubject> =>
  reopen === undefined ? [] : [{ ...settings, reopen: Effect.map(Effect.orDie(reopen), Layer.orDie) }]

/**
 * The violations of the generated rules. The other tests of `suite` need vitest and its clock.
 *
 * @since 0.1.0
 * @category functions
 */
export const violations = Effect.fnUntraced(function* <E>(options: Options<E>) {
  const found = [...(yield* findAll(rules, subjectOf(options)))]
  for (const subject of durabilityOf(options)) found.push(...(yield* findAll(durability, Effect.succeed(subject))))
  return found
})

/**
 * The violations of the generated rules, as text, for other test runners.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = <E>(options: Options<E>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(violations(options), (found) => found.map(words))

/**
 * The contract of `SessionManager`, as tests. Call it in a test file. Most tests build their own layer; the generated tests
 * share one and create sessions in it.
 *
 * The tests of the rules of `check` have the real clock. All others have a `TestClock` that advances only when a test
 * adjusts it: a layer that delays its writes must be configured with a delay of zero, or its appends never return.
 *
 * @since 0.1.0
 * @category functions
 */
export const suite = <E>(name: string, options: Options<E>): void => {
  const { layer } = options
  type Failure = StorageError | SessionNotFound | SessionBusy | PostChanged
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))

  describe(name, () => {
    check("creates new sessions, and refuses an id that is in use", function* (sessions) {
      yield* TestClock.setTime(1000)
      const id = SessionId.make("mine")
      const info = yield* sessions.create({ id, workspace: "/w \u0000é👩‍👧", title: "Title" })
      const times = { createdAt: 1000, updatedAt: 1000 }
      const counts = { head: 0, rounds: 0, open: false, usage: zero, cost: 0 }
      assert.deepStrictEqual(info, {
        id,
        workspace: "/w \u0000é👩‍👧",
        title: "Title",
        ...times,
        ...counts,
        titledBy: "user"
      })
      assert.deepStrictEqual(yield* sessions.get(id), info)
      assert.deepStrictEqual(yield* sessions.read(id, 0), [])
      assert.strictEqual(yield* tagOf(sessions.create({ id })), "SessionBusy")
      const [a, b] = yield* Effect.all([sessions.create({}), sessions.create({})])
      assert.notStrictEqual(a.id, b.id)
      assert.deepStrictEqual([a.workspace, a.title], ["", ""])
    })

    check("removes a session with all its events, and fails for an unknown session", function* (sessions) {
      const [{ id }, kept] = yield* Effect.all([sessions.create({}), sessions.create({})])
      for (const session of [id, kept.id]) yield* sessions.append(session, at(0), [fact])
      yield* sessions.remove(id)
      const asks = [sessions.get(id), sessions.remove(id), sessions.read(id, 0), sessions.append(id, at(1), [fact])]
      const watch = Stream.runDrain(sessions.follow(id, 0))
      for (const tag of yield* Effect.all([...asks.map(tagOf), tagOf(watch)]))
        assert.strictEqual(tag, "SessionNotFound")
      assert.strictEqual((yield* sessions.read(kept.id, 0)).length, 1)
      yield* sessions.create({ id })
      assert.deepStrictEqual(yield* sessions.read(id, 0), [])
    })

    check("lists the latest activity first, by workspace, by open round, and up to a limit", function* (sessions) {
      const create = (id: string, workspace: string) =>
        Effect.andThen(TestClock.adjust(10), sessions.create({ id: SessionId.make(id), workspace }))
      const [a, b, c] = yield* Effect.all([create("a", "/x"), create("b", "/y"), create("c", "/x")])
      yield* TestClock.adjust(10)
      yield* sessions.append(a.id, at(0), [asked("?")])
      const ids = (options: Parameters<Service["list"]>[0]) =>
        Effect.map(sessions.list(options), (infos) => infos.map((info) => info.id))
      assert.deepStrictEqual(yield* ids({}), [a.id, c.id, b.id])
      assert.deepStrictEqual(yield* ids({ workspace: "/x" }), [a.id, c.id])
      assert.deepStrictEqual(yield* ids({ workspace: "/" }), [])
      assert.deepStrictEqual(yield* ids({ limit: 2 }), [a.id, c.id])
      assert.deepStrictEqual(yield* ids({ workspace: "/x", open: true, limit: 5 }), [a.id])
      yield* sessions.append(a.id, at(1), [cancelled])
      assert.deepStrictEqual(yield* ids({ open: true }), [])
      assert.deepStrictEqual(yield* sessions.list({ limit: 1 }), [yield* sessions.get(a.id)])
    })

    check("numbers events from one, and reads those after a cursor", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* TestClock.setTime(5)
      const first = yield* sessions.append(id, at(0), [asked("?"), fact])
      assert.deepStrictEqual(yield* sessions.append(id, at(2), []), [])
      const second = yield* sessions.append(id, at(2), [fact])
      assert.deepStrictEqual(seqs([...first, ...second]), [1, 2, 3])
      assert.deepStrictEqual(first[0], { seq: 1, at: 5, event: asked("?") })
      assert.deepStrictEqual(yield* sessions.read(id, 0), [...first, ...second])
      assert.deepStrictEqual(yield* sessions.read(id, 2), second)
      assert.deepStrictEqual(yield* sessions.read(id, 3), [])
    })

    check("appends only after the head, and otherwise changes nothing", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked("?"), delta(t1)])
      const before = yield* Effect.all([sessions.get(id), sessions.read(id, 0)])
      for (const after of [0, 1, 3, -1]) {
        assert.strictEqual(yield* tagOf(sessions.append(id, at(after), [completed(t1), fact])), "SessionBusy")
        assert.strictEqual(yield* tagOf(sessions.append(id, at(after), [])), "SessionBusy")
      }
      assert.deepStrictEqual(yield* Effect.all([sessions.get(id), sessions.read(id, 0)]), before)
    })

    for (const end of [completed, failed, interrupted])
      check(`removes the deltas of a turn that ends with ${end(t1)._tag}, and no others`, function* (sessions) {
        const [{ id }, other] = yield* Effect.all([sessions.create({}), sessions.create({})])
        yield* sessions.append(other.id, at(0), [delta(t1)])
        yield* sessions.append(id, at(0), [fact, delta(t1), delta(t2), delta(t1)])
        const written = yield* sessions.append(id, at(4), [delta(t1), end(t1), delta(t1)])
        assert.deepStrictEqual(seqs(written), [5, 6, 7])
        const left = yield* sessions.read(id, 0)
        assert.deepStrictEqual(seqs(left), [1, 3, 6, 7])
        assert.deepStrictEqual(events(left), [fact, delta(t2), end(t1), delta(t1)])
        assert.deepStrictEqual(seqs(yield* sessions.read(other.id, 0)), [1])
      })

    check("projects title, rounds, usage and cost, with the turns that failed", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked(" What\n is  it? "), completed(t1), failed(t2), interrupted(t1)])
      yield* sessions.append(id, at(4), [cancelled, asked("Again")])
      const { cost, head, open, rounds, title, usage } = yield* sessions.get(id)
      assert.deepStrictEqual({ cost, head, open, rounds }, { cost: 27.75, head: 6, open: true, rounds: 2 })
      assert.strictEqual(title, "What is it?")
      assert.deepStrictEqual(usage, { inputTokens: 111, outputTokens: 6, cacheReadTokens: 0, cacheWriteTokens: 3 })
    })

    check(
      "applies overlapping appends in the order of the calls, and only the first of conflicting ones",
      function* (sessions) {
        const created = yield* Effect.forEach(range(1, 20), () => sessions.create({}))
        const calls = range(0, 29).flatMap((after) =>
          created.flatMap(({ id }) => [
            sessions.append(id, at(after), [delta(t1)]),
            sessions.append(id, at(after), [fact])
          ])
        )
        const tags = yield* Effect.forEach(calls, tagOf, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          tags,
          calls.map((_, i) => (i % 2 === 0 ? "stored" : "SessionBusy"))
        )
        for (const { id } of created) {
          const log = yield* sessions.read(id, 0)
          assert.deepStrictEqual(seqs(log), range(1, 30))
          assert.isTrue(events(log).every(({ _tag }) => _tag === "TurnDelta"))
        }
      }
    )

    check("stores an interrupted append as a whole or not at all", function* (sessions) {
      const { id } = yield* sessions.create({})
      for (const yields of range(0, 12)) {
        const { head } = yield* sessions.get(id)
        const fiber = yield* Effect.forkChild(sessions.append(id, at(head), facts(3)), { startImmediately: true })
        yield* Effect.replicateEffect(Effect.yieldNow, yields, { discard: true })
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* tagOf(sessions.append(id, at(head + 1), [fact])), "SessionBusy")
        assert.include([head, head + 3], (yield* sessions.get(id)).head)
      }
    })
  })

  subscriptions(`${name}, a subscription`, layer)
  leases(`${name}, a lease`, layer)
  forks(`${name}, a fork`, layer)
  posts(`${name}, posts`, layer)
  library(`${name}, for people`, layer)
  search(`${name}, searched`, layer)
  generated(`${name}, generated`, layer)
  register(`${name}, programs`, rules, subjectOf(options))
  for (const subject of durabilityOf(options)) register(`${name}, opened again`, durability, Effect.succeed(subject))
}
