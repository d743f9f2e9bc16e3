import type { InvalidMessage, SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { callId, roundId, type SessionId, turnId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { PostChanged } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import type { SearchHit } from "@parley/domain/SessionSearch"
import { zero } from "@parley/domain/Usage"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { asked, at, delta, fact, t1 } from "./ContractEvents.ts"

type Service = SessionManager["Service"]
type Failure = PostChanged | StorageError | SessionNotFound | SessionBusy | InvalidMessage

const r1 = roundId(1)
const call = callId(turnId(r1, 1), 1)
const text = (text: string) => ({ _tag: "Text" as const, text })
const answered = (words: string, input = "{}"): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId: t1,
  content: [text(words), { _tag: "ToolCall", callId: call, providerId: "p", name: "read_file", input }],
  usage: zero,
  stop: "tool-calls"
})
const settled = (words: string): SessionEvent => ({
  _tag: "ToolSettled",
  callId: call,
  outcome: { _tag: "Succeeded", content: [text(words)] }
})

const snippet = (hit: SearchHit | undefined): string => hit?.snippet.map((part) => part.text).join("") ?? ""
const marked = (hit: SearchHit | undefined): ReadonlyArray<string> =>
  hit?.snippet.flatMap((part) => (part.match === true ? [part.text] : [])) ?? []

/** Searching the sessions of a manager. */
export const search = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))
  /** The places that a search finds, sorted: `1.message` is a message in the first of the sessions. */
  const places = Effect.fnUntraced(function* (sessions: Service, ids: ReadonlyArray<SessionId>, words: string) {
    const hits = yield* sessions.search({ text: words })
    return hits.map(({ kind, session }) => `${ids.indexOf(session.id) + 1}.${kind}`).sort()
  })

  describe(name, () => {
    check("finds messages, answers, calls and results as soon as they are stored", function* (sessions) {
      const { id } = yield* sessions.create({ workspace: "/w" })
      const other = yield* sessions.create({ workspace: "/v" })
      const ids = [id, other.id]
      yield* sessions.append(id, at(0), [asked("Where are the apples?"), fact])
      assert.deepStrictEqual(yield* places(sessions, ids, "apples"), ["1.message"])
      yield* sessions.append(id, at(2), [delta(t1)])
      assert.deepStrictEqual(yield* places(sessions, ids, "word"), [])
      yield* sessions.append(id, at(3), [answered("In the cellar", `{"path":"src/main.ts"}`)])
      yield* sessions.append(id, at(4), [settled("apples: 12, pears: 3")])
      yield* sessions.append(other.id, at(0), [asked("apples again")])
      assert.deepStrictEqual(yield* places(sessions, ids, "apples"), ["1.message", "1.result", "2.message"])
      assert.deepStrictEqual(yield* places(sessions, ids, "cellar"), ["1.answer"])
      for (const words of ["read_file", "src/main.ts", "main", "read file"])
        assert.deepStrictEqual(yield* places(sessions, ids, words), ["1.call"], words)
      const [hit] = yield* sessions.search({ text: "pears" })
      assert.deepStrictEqual(hit?.session, yield* sessions.get(id))
      assert.deepStrictEqual([hit?.seq, hit?.at], [5, (yield* sessions.read(id, 4))[0]?.at])
      const here = yield* sessions.search({ text: "apples", workspaces: ["/v", "/u"] })
      assert.deepStrictEqual(
        here.map(({ session }) => session.id),
        [other.id]
      )
      assert.lengthOf(yield* sessions.search({ text: "apples", limit: 2 }), 2)
      assert.deepStrictEqual(yield* sessions.search({ text: "apples", workspaces: [] }), [])
    })

    check("finds nothing of a session that was removed, nor in one with its id", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked("apples"), settled("pears")])
      const kept = yield* sessions.create({})
      yield* sessions.append(kept.id, at(0), [asked("apples")])
      yield* sessions.remove(id)
      yield* sessions.create({ id })
      assert.deepStrictEqual(yield* places(sessions, [id, kept.id], "apples"), ["2.message"])
      assert.deepStrictEqual(yield* places(sessions, [id, kept.id], "pears"), [])
    })

    check("wants all words, phrases in their order, and only what ends with * as a beginning", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [
        asked("Naïve CAFÉ, the quick brown fox; 日本語 テスト; e\u0301t\u00e9 한국어")
      ])
      const found = (words: string) => Effect.map(sessions.search({ text: words }), (hits) => hits.length === 1)
      for (const words of [
        "naive cafe",
        "Café NAÏVE",
        "brown quick",
        '"quick brown"',
        '"quick brown',
        "quick-brown",
        "bro*",
        '"quick bro"*',
        "日本",
        "本語",
        "テスト",
        "été ete",
        "한국어"
      ])
        assert.isTrue(yield* found(words), words)
      for (const words of [
        "naive bear",
        '"brown quick"',
        "bro",
        '"quick bro"',
        "rown*",
        "語本",
        "fox OR bear",
        "NOT bear"
      ])
        assert.isFalse(yield* found(words), words)
    })

    check("takes every text for words, never for syntax", function* (sessions) {
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked("a AND b OR c NOT d NEAR text column:x")])
      for (const words of ['"', "*", '""', "", " ", "—", "\u0000", "(", "^", "\ud800"])
        assert.strictEqual(
          yield* Effect.match(sessions.search({ text: words }), {
            onFailure: ({ _tag }): string => _tag,
            onSuccess: () => "found"
          }),
          "InvalidMessage",
          JSON.stringify(words)
        )
      for (const words of [
        "AND",
        "a AND b",
        "NOT d",
        "NEAR(a b)",
        "column:x",
        "{text}:a",
        "-a",
        "^a",
        "a\u0000b",
        "a'b",
        '"a"b"'
      ])
        yield* sessions.search({ text: words })
      assert.lengthOf(yield* sessions.search({ text: "NOT d" }), 1)
      assert.lengthOf(yield* sessions.search({ text: "text:a" }), 0)
      yield* sessions.search({ text: "a ".repeat(32) })
      const long = yield* Effect.result(sessions.search({ text: "a ".repeat(33) }))
      assert.strictEqual(long._tag, "Failure")
    })

    check("shows the text around what it found, and marks it", function* (sessions) {
      const { id } = yield* sessions.create({})
      const long = `${"before ".repeat(50)}the needle in a haystack${" after".repeat(50)} needle`
      yield* sessions.append(id, at(0), [asked("Needle!"), settled(long), answered("no", `{"q":"needles — Nädel"}`)])
      const hits = yield* sessions.search({ text: "needle" })
      const [short, result] = hits.toSorted((a, b) => a.seq - b.seq)
      assert.deepStrictEqual(short?.snippet, [{ text: "Needle", match: true }, { text: "!" }])
      assert.match(snippet(result), /^…before .* the needle in a haystack after .*after…$/)
      assert.isBelow(snippet(result).length, 220)
      assert.deepStrictEqual(marked(result), ["needle"])
      const [accented] = yield* sessions.search({ text: "nadel" })
      assert.deepStrictEqual([accented?.kind, marked(accented)], ["call", ["Nädel"]])
      const [prefix] = yield* sessions.search({ text: "need* nad*" })
      assert.deepStrictEqual(marked(prefix), ["needles", "Nädel"])
    })

    check("ranks what is mostly about the words before what only mentions them", function* (sessions) {
      const { id } = yield* sessions.create({})
      for (let i = 0; i < 30; i++) yield* sessions.append(id, at(i), [asked(`other words ${i}`)])
      yield* sessions.append(id, at(30), [
        asked(`apple ${"and many other words ".repeat(30)}`),
        asked("apple apple pie")
      ])
      const hits = yield* sessions.search({ text: "apple" })
      assert.deepStrictEqual(
        hits.map(({ seq }) => seq),
        [32, 31]
      )
    })
  })
}
