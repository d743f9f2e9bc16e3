import { callId, RequestId, roundId, turnId } from "@parley/domain/Ids"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"
import { zero } from "@parley/domain/Usage"
import { assert, describe, it } from "@effect/vitest"
import { SessionState } from "../src/log/SessionState.ts"

const model = { provider: "p", model: "m" }
const [r1, r2] = [roundId(1), roundId(2)]
const size = { tokens: 1, by: "estimated" as const }
const usage = { ...zero, inputTokens: 10 }

const fold = (...events: ReadonlyArray<SessionEvent>): SessionState => {
  const state = new SessionState()
  for (const event of events) state.push({ seq: state.head + 1, at: 10 * (state.head + 1), event })
  return state
}
const said = (round = r1, more: Partial<EventOf<"RoundStarted">> = {}): SessionEvent => ({
  _tag: "RoundStarted",
  roundId: round,
  request: [{ _tag: "Text", text: `in ${round}` }],
  ...more
})
const begun = (n = 1, more: Partial<EventOf<"TurnStarted">> = {}): SessionEvent => ({
  _tag: "TurnStarted",
  roundId: r1,
  turnId: turnId(r1, n),
  model,
  ...more
})
const answered = (n = 1, more: Partial<EventOf<"TurnCompleted">> = {}): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId: turnId(r1, n),
  content: [{ _tag: "Text", text: "yes" }],
  usage,
  stop: "end",
  ...more
})
const refused = (reason: string, n = 1): SessionEvent => ({
  _tag: "TurnFailed",
  turnId: turnId(r1, n),
  content: [],
  usage,
  failure: { error: "ModelError", reason, message: "no" }
})
const failed = (error = "ModelError"): SessionEvent => ({
  _tag: "RoundFailed",
  roundId: r1,
  failure: { error, message: "no" }
})
const done: SessionEvent = { _tag: "RoundCompleted", roundId: r1, stop: "end" }
const built = (hash: string, more: Partial<EventOf<"ContextBuilt">> = {}): SessionEvent => ({
  _tag: "ContextBuilt",
  roundId: r1,
  roundPart: [],
  files: { "a.md": hash },
  slots: { s: hash },
  pinned: hash,
  manifest: [],
  ...more
})
const baseline = { key: "k", system: "", tools: [], files: { "b.md": "base" } }
const compacted = (more: Partial<EventOf<"ContextCompacted">> = {}): SessionEvent => ({
  _tag: "ContextCompacted",
  roundId: r1,
  why: "budget",
  pruned: [],
  kept: 0,
  head: [],
  slots: { s: "again" },
  manifest: [],
  before: size,
  after: size,
  ...more
})
const undone: SessionEvent = { _tag: "CompactionUndone" }

describe("the usage of a session", () => {
  it("includes all ended turns, and counts tokens without a price separately", () => {
    const { spent } = fold(
      said(),
      begun(1),
      { _tag: "TurnInterrupted", turnId: turnId(r1, 1), content: [], usage },
      begun(2, { purpose: "summary" }),
      answered(2, { cost: 0.5 }),
      begun(3),
      refused("Overloaded", 3),
      begun(4),
      answered(4, { cost: 0 })
    )
    assert.deepStrictEqual(spent, { tokens: 40, cost: 0.5, unpricedTokens: 20 })
  })
})

describe("the goal of a session", () => {
  it("is its first message, never a compaction; requests are known by their ids", () => {
    const requestId = RequestId.make("q")
    const state = fold(said(r1, { purpose: "compaction", request: [] }), said(r2, { requestId }), said(roundId(3)))
    assert.deepStrictEqual(state.goal, [{ _tag: "Text", text: "in r2" }])
    assert.deepStrictEqual([...state.requests], [[requestId, r2]])
    assert.strictEqual(state.nextRoundId, "r4")
  })

  it("texts stay pinned until exactly they are unpinned; those of old logs count as outside", () => {
    const pinned = (text: string, more: object = {}): SessionEvent => ({ _tag: "Pinned", kind: "goal", text, ...more })
    const { pins } = fold(pinned("a", { provenance: "user" }), pinned("ab"), pinned("a"), pinned("b"), {
      _tag: "Unpinned",
      text: "b"
    })
    assert.deepStrictEqual(
      pins.map(({ provenance, text }) => [text, provenance]),
      [
        ["a", "user"],
        ["ab", "outside"],
        ["a", "outside"]
      ]
    )
    assert.isEmpty(fold(pinned("a"), pinned("a"), { _tag: "Unpinned", text: "a" }).pins)
  })
})

describe("what the model has received", () => {
  it("is what was added, and after a new baseline only its files", () => {
    assert.deepStrictEqual(fold(said(), built("1"), built("2", { files: { "c.md": "2" } })).shown, {
      files: { "a.md": "1", "c.md": "2" },
      slots: { s: "2" },
      pinned: "2"
    })
    const state = fold(said(), built("1"), { _tag: "RefreshRequested" })
    assert.isTrue(state.refresh)
    state.push({ seq: 9, at: 0, event: built("2", { baseline, files: {}, slots: {} }) })
    assert.isFalse(state.refresh)
    assert.deepStrictEqual(state.shown, { files: { "b.md": "base" }, slots: {}, pinned: "2" })
  })

  it("is reset if the request was rejected for its content or never sent, and kept otherwise", () => {
    const first = [said(), built("1"), begun(), answered(), done, said(r2), built("2")]
    const hash = (...events: ReadonlyArray<SessionEvent>) => fold(...first, ...events).shown.files["a.md"]
    assert.strictEqual(hash(begun(2), refused("InvalidRequest", 2), failed()), "1")
    assert.strictEqual(hash(failed("ContextTooLarge")), "1")
    assert.strictEqual(hash(begun(2), refused("Overloaded", 2), failed()), "2")
    assert.strictEqual(hash(begun(2), refused("InvalidRequest", 2)), "2", "while the round is open")
    const again = begun(3, { thinking: "dropped" })
    assert.strictEqual(hash(begun(2), refused("InvalidRequest", 2), again, answered(3), done), "2")
    const aside = [begun(2, { purpose: "summary" }), refused("InvalidRequest", 2)]
    assert.strictEqual(hash(...aside, failed()), "2", "a refused summary says nothing of it")
  })

  it("is sent again by a compaction, and removed with it by an undo", () => {
    const state = fold(said(), built("1"), begun(), answered(), compacted({ baseline }))
    assert.deepStrictEqual(state.shown, { files: { "b.md": "base" }, slots: { s: "again" }, pinned: "1" })
    assert.strictEqual(state.compactions, 1)
    state.push({ seq: 9, at: 0, event: undone })
    assert.deepStrictEqual(state.shown.slots, {})
    assert.strictEqual(state.compactions, 0)
    assert.strictEqual(fold(undone).compactions, 0, "there is no less than none")
    const pruned = fold(said(), built("1"), compacted())
    assert.deepStrictEqual(pruned.shown.slots, { s: "1" }, "results that lose their content say nothing of slots")
  })
})

describe("the request size that a provider reported", () => {
  const reported = (...events: ReadonlyArray<SessionEvent>) => fold(said(), begun(), ...events).reported
  it("is based on the last turn of the conversation", () => {
    assert.deepStrictEqual(reported(answered()), { tokens: 10, messages: 2 })
    const summary = [begun(2, { purpose: "summary" }), answered(2, { usage: { ...zero, inputTokens: 99 } })]
    assert.deepStrictEqual(reported(answered(), ...summary), { tokens: 10, messages: 2 })
    assert.isUndefined(reported(refused("Overloaded")))
  })
  it("is not used for a request with another beginning", () => {
    for (const event of [compacted(), compacted({ baseline }), undone, built("1", { baseline })])
      assert.isUndefined(reported(answered(), event), event._tag)
    assert.isDefined(reported(answered(), built("1")))
  })
})

describe("the last value of a slot", () => {
  const call = callId(r1, 1)
  const asked: SessionEvent = {
    _tag: "ContextCallRequested",
    roundId: r1,
    callId: call,
    slot: "s",
    name: "t",
    input: "{}",
    files: "f"
  }
  const settled = (outcome: EventOf<"ToolSettled">["outcome"]): SessionEvent => ({
    _tag: "ToolSettled",
    callId: call,
    outcome
  })
  const succeeded = { _tag: "Succeeded" as const, content: [] }

  it("is that of its last successful call", () => {
    const memory = { roundId: r1, tool: "t", input: "{}", at: 30, files: "f", outcome: succeeded }
    const state = fold(said(), asked, settled(succeeded), asked, settled({ _tag: "Failed", content: [] }))
    assert.deepStrictEqual([...state.slots], [["s", memory]])
    assert.isEmpty([...fold(said(), asked, settled({ _tag: "Unknown", reason: "r" })).slots])
    assert.isEmpty([...fold(said(), settled(succeeded)).slots])
  })
})
