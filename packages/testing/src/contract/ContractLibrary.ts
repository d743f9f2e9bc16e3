import type { InvalidMessage, SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { SessionId } from "@parley/domain/Ids"
import type { PostChanged } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import type { SessionAmbiguous } from "@parley/domain/SessionPrefix"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { asked, at, cancelled, completed, delta, fact, t1 } from "./ContractEvents.ts"

/** The error of an effect; undefined if it succeeds. */
const errorOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: (error): E | undefined => error, onSuccess: () => undefined })

type Service = SessionManager["Service"]
type Failure = PostChanged | StorageError | SessionNotFound | SessionBusy | SessionAmbiguous | InvalidMessage

/** What a session manager does for people: finding sessions by a part of their id, and notes about them. */
export const library = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))
  const idsOf = (sessions: Service, options: Parameters<Service["list"]>[0]) =>
    Effect.map(sessions.list(options), (infos) => infos.map((info) => info.id))

  describe(name, () => {
    check("finds a session by its id, or by a beginning that no other id has", function* (sessions) {
      for (const id of ["ses_0abc", "ses_0abd", "ses_0abda", "own", "0abe"])
        yield* sessions.create({ id: SessionId.make(id) })
      for (const [text, id] of [
        ["ses_0abc", "ses_0abc"],
        ["0abc", "ses_0abc"],
        ["ses_0abda", "ses_0abda"],
        // As with git, what is a whole id is not ambiguous.
        ["ses_0abd", "ses_0abd"],
        ["o", "own"],
        ["0abe", "0abe"]
      ] as const)
        assert.deepStrictEqual(yield* sessions.find(text), yield* sessions.get(SessionId.make(id)), text)
      const several = yield* errorOf(sessions.find("ses_0ab"))
      assert.strictEqual(several?._tag, "SessionAmbiguous")
      if (several?._tag === "SessionAmbiguous")
        assert.deepStrictEqual(
          several.candidates.map(({ id }) => String(id)),
          ["ses_0abc", "ses_0abd", "ses_0abda"]
        )
      assert.strictEqual((yield* errorOf(sessions.find("0ab")))?._tag, "SessionAmbiguous")
      for (const text of ["", "x", "ses_1", "SES_0abc", "%", "ses_0ab_"])
        assert.strictEqual((yield* errorOf(sessions.find(text)))?._tag, "SessionNotFound", text)
    })

    check("keeps notes while a round runs, and beside the conversation", function* (sessions) {
      const { id } = yield* sessions.create({ workspace: "/w" })
      const { epoch } = yield* sessions.acquire(id)
      yield* sessions.append(id, { after: 0, epoch }, [asked("First words")])
      const before = yield* sessions.get(id)
      yield* TestClock.adjust(10)
      const change = { title: " A\n title ", pinned: true, archived: true, tag: ["b", "a", "b"] }
      const noted = yield* sessions.annotate(id, change)
      const notes = { titledBy: "user", title: "A title", pinned: true, archived: true, tags: ["a", "b"] } as const
      assert.deepStrictEqual(noted, { ...before, ...notes })
      yield* sessions.append(id, { after: 1, epoch }, [cancelled])
      const after = yield* sessions.get(id)
      assert.deepStrictEqual(after, { ...noted, head: 2, open: false, updatedAt: after.updatedAt })
      assert.deepStrictEqual(yield* sessions.annotate(id, { pinned: false, archived: false, untag: ["a", "b", "c"] }), {
        ...before,
        title: "A title",
        titledBy: "user",
        head: 2,
        open: false,
        updatedAt: after.updatedAt
      })
      assert.lengthOf(yield* sessions.read(id, 0), 2)
    })

    check("replaces the title that a model suggested, but never one that a user gave", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked("First words")])
      const titles = Effect.fnUntraced(function* (change: {
        readonly title?: string
        readonly suggestedTitle?: string
      }) {
        const { title, titledBy } = yield* sessions.annotate(id, change)
        return [title, titledBy]
      })
      assert.deepStrictEqual(yield* titles({}), ["First words", undefined])
      assert.deepStrictEqual(yield* titles({ suggestedTitle: "Suggested" }), ["Suggested", "model"])
      assert.deepStrictEqual(yield* titles({ title: "Given" }), ["Given", "user"])
      assert.deepStrictEqual(yield* titles({ suggestedTitle: "Again" }), ["Given", "user"])
      const named = yield* sessions.create({ title: "Named" })
      const { title } = yield* sessions.annotate(named.id, { suggestedTitle: "Again" })
      assert.strictEqual(title, "Named")
    })

    check("refuses notes that are not valid, and changes nothing then", function* (sessions) {
      const { id } = yield* sessions.create({ title: "Stays" })
      const before = yield* sessions.annotate(id, { tag: ["kept"] })
      for (const change of [
        { title: " \n" },
        { title: "x".repeat(201) },
        { pinned: true, tag: ["two words"] },
        { tag: ["a,b"] },
        { tag: [""] },
        { tag: ["x".repeat(65)] },
        { tag: Array.from({ length: 50 }, (_, i) => `t${i}`) }
      ])
        assert.strictEqual((yield* errorOf(sessions.annotate(id, change)))?._tag, "InvalidMessage")
      assert.deepStrictEqual(yield* sessions.get(id), before)
      const missing = sessions.annotate(SessionId.make("missing"), { pinned: true })
      assert.strictEqual((yield* errorOf(missing))?._tag, "SessionNotFound")
    })

    check("loses none of several changes at the same time", function* (sessions) {
      const { id } = yield* sessions.create({})
      const tags = Array.from({ length: 20 }, (_, i) => `t${i + 10}`)
      yield* Effect.forEach(tags, (tag) => sessions.annotate(id, { tag: [tag] }), {
        concurrency: "unbounded",
        discard: true
      })
      assert.deepStrictEqual((yield* sessions.get(id)).tags, tags)
    })

    check("restores a log that was stored elsewhere, with its numbers and times", function* (sessions) {
      const { id } = yield* sessions.create({ workspace: "/w" })
      yield* TestClock.setTime(5)
      yield* sessions.append(id, at(0), [asked("Apples?"), fact, delta(t1), delta(t1)])
      yield* sessions.append(id, at(4), [completed(t1), cancelled])
      const [info, entries] = yield* Effect.all([sessions.get(id), sessions.read(id, 0)])
      yield* TestClock.setTime(1000)
      const again = yield* sessions.restore({ workspace: "/v", createdAt: info.createdAt, entries })
      assert.notStrictEqual(again.id, id)
      assert.deepStrictEqual(again, { ...info, id: again.id, workspace: "/v" })
      assert.deepStrictEqual(yield* sessions.get(again.id), again)
      assert.deepStrictEqual(yield* sessions.read(again.id, 0), entries)
      assert.lengthOf(yield* sessions.search({ text: "apples", workspaces: ["/v"] }), 1)
      yield* sessions.append(again.id, at(6), [asked("More")])
      assert.strictEqual((yield* sessions.get(again.id)).rounds, 2)
      const titled = yield* sessions.restore({ title: "Mine", createdAt: 1, entries: [] })
      assert.deepInclude(titled, { title: "Mine", titledBy: "user", head: 0 })
      const count = (yield* sessions.list({})).length
      for (const wrong of [
        entries.toReversed(),
        [...entries, ...entries],
        entries.map(({ at, event }) => ({ at, event, seq: 0 }))
      ])
        assert.strictEqual((yield* errorOf(sessions.restore({ createdAt: 1, entries: wrong })))?._tag, "InvalidMessage")
      assert.lengthOf(yield* sessions.list({}), count)
    })

    check("lists by tag, and with or without those that are archived", function* (sessions) {
      for (const id of ["a", "b", "c"]) {
        yield* TestClock.adjust(10)
        yield* sessions.create({ id: SessionId.make(id), workspace: "/w" })
      }
      const [a, b, c] = [SessionId.make("a"), SessionId.make("b"), SessionId.make("c")]
      yield* sessions.annotate(a, { archived: true, tag: ["x", "é"] })
      yield* sessions.annotate(b, { tag: ["xy", "é"] })
      assert.deepStrictEqual(yield* idsOf(sessions, {}), [c, b, a])
      assert.deepStrictEqual(yield* idsOf(sessions, { archived: false }), [c, b])
      assert.deepStrictEqual(yield* idsOf(sessions, { archived: true }), [a])
      assert.deepStrictEqual(yield* idsOf(sessions, { tag: "x" }), [a])
      assert.deepStrictEqual(yield* idsOf(sessions, { tag: "é", workspace: "/w" }), [b, a])
      assert.deepStrictEqual(yield* idsOf(sessions, { tag: "é", archived: false, limit: 5 }), [b])
      assert.deepStrictEqual(yield* idsOf(sessions, { tag: "é", workspace: "/" }), [])
    })
  })
}
