import { assert, describe, it } from "@effect/vitest"
import { callId, roundId, SessionId, turnId } from "../src/Ids.ts"
import type { EventOf, LogEntry, SessionEvent } from "../src/SessionEvent.ts"
import * as SessionFold from "../src/SessionFold.ts"
import * as SessionInfo from "../src/SessionInfo.ts"
import type { Usage } from "../src/Usage.ts"

const id = SessionId.make("s")
const [r1, r2] = [roundId(1), roundId(2)]
const failure = { error: "E", message: "m" }
const usage = (n: number): Usage => ({ inputTokens: n, outputTokens: 2 * n, cacheReadTokens: 0, cacheWriteTokens: n })
const entries = (...events: ReadonlyArray<SessionEvent>): ReadonlyArray<LogEntry> =>
  events.map((event, i) => ({ seq: i + 1, at: 100 + 10 * i, event }))

const started = (round = r1, words = "hi"): EventOf<"RoundStarted"> => ({
  _tag: "RoundStarted",
  roundId: round,
  request: [{ _tag: "Text", text: words }]
})
const begun = (n: number, round = r1): SessionEvent => ({
  _tag: "TurnStarted",
  roundId: round,
  turnId: turnId(round, n),
  model: { provider: "p", model: "m" }
})
const ended = (n: number, round = r1) => ({ turnId: turnId(round, n), content: [], usage: usage(10 ** (n - 1)) })
const call = (n: number) => ({
  _tag: "ToolCall" as const,
  callId: callId(turnId(r1, 1), n),
  providerId: "x",
  name: `t${n}`,
  input: "{}"
})

describe("usage and cost of a round", () => {
  const log = entries(
    started(),
    begun(1),
    { _tag: "TurnFailed", ...ended(1), cost: 0.5, failure },
    begun(2),
    { _tag: "TurnInterrupted", ...ended(2) },
    begun(3),
    { _tag: "TurnCompleted", ...ended(3), cost: 0.25, stop: "end" },
    { _tag: "RoundCompleted", roundId: r1, stop: "end" },
    started(r2),
    begun(1, r2),
    { _tag: "TurnFailed", ...ended(1, r2), failure },
    { _tag: "RoundFailed", roundId: r2, failure }
  )
  const session = SessionFold.fromEvents(id, log)

  it("include failed and interrupted turns, and the costs that are known", () => {
    const [first, second] = session.rounds
    assert.deepStrictEqual(first?.usage, usage(111))
    assert.strictEqual(first?.cost, 0.75)
    assert.deepStrictEqual(second?.usage, usage(1))
    assert.isFalse("cost" in (second ?? {}), "no price is known, which is not a price of nothing")
    assert.deepStrictEqual(session.usage, usage(112))
    assert.strictEqual(session.cost, 0.75)
    assert.deepStrictEqual(
      first?.turns.map(({ cost, status }) => [status, cost]),
      [
        ["failed", 0.5],
        ["interrupted", undefined],
        ["completed", 0.25]
      ]
    )
  })

  it("are available while it runs, for the turns that have ended", () => {
    const fold = new SessionFold.RoundFold(started(), 0)
    const spent = log.slice(1, 7).map((entry) => (fold.push(entry), fold.spent))
    assert.deepStrictEqual(spent, [
      { tokens: 0 },
      { tokens: 4, cost: 0.5 },
      { tokens: 4, cost: 0.5 },
      { tokens: 44, cost: 0.5 },
      { tokens: 44, cost: 0.5 },
      { tokens: 444, cost: 0.75 }
    ])
    assert.isTrue(fold.open)
    assert.strictEqual(fold.turnCount, 3)
  })

  it("have a cost of 0 if the model is free", () => {
    const free = entries(started(), begun(1), { _tag: "TurnCompleted", ...ended(1), cost: 0, stop: "end" })
    assert.strictEqual(SessionFold.fromEvents(id, free).cost, 0)
  })

  it("the round has the status and the time of its end", () => {
    const [first, second] = session.rounds
    assert.deepInclude(first, { status: "completed", stop: "end", startedAt: 100, endedAt: 170 })
    assert.deepInclude(second, { status: "failed", failure, startedAt: 180, endedAt: 210 })
    const cancelled = entries(started(), { _tag: "RoundCancelled", roundId: r1 })
    assert.deepInclude(SessionFold.fromEvents(id, cancelled).rounds[0], { status: "cancelled", endedAt: 110 })
  })

  it("are the same in the list of sessions", () => {
    const info = log.reduce(SessionInfo.project, SessionInfo.fresh(id, 0, {}))
    assert.deepInclude(info, { usage: usage(112), cost: 0.75, rounds: 2, head: 12, open: false, updatedAt: 210 })
    const open = log.slice(0, 10).reduce(SessionInfo.project, SessionInfo.fresh(id, 0, {}))
    assert.deepInclude(open, { rounds: 2, open: true })
  })
})

describe("the calls of a round", () => {
  const calls = [call(1), call(2), call(3)]
  const fold = new SessionFold.RoundFold(started(), 0)
  const push = (at: number, event: SessionEvent) => fold.push({ seq: 1, at, event })
  const settled = (callId: EventOf<"ToolSettled">["callId"]): SessionEvent => ({
    _tag: "ToolSettled",
    callId,
    outcome: { _tag: "Succeeded", content: [] }
  })

  it("are unsettled until their outcome is stored, running once started, and have a duration", () => {
    const slot = callId(r1, 1)
    push(0, { _tag: "ContextCallRequested", roundId: r1, callId: slot, slot: "s", name: "c", input: "{}" })
    push(0, begun(1))
    push(0, { _tag: "TurnCompleted", ...ended(1), content: calls, stop: "tool-calls" })
    const names = (some: typeof fold.unsettled) => some.map(({ name }) => name)
    assert.deepStrictEqual(names(fold.unsettled), ["c", "t1", "t2", "t3"])
    assert.isEmpty(fold.running)
    const [one, two, three] = calls.map(({ callId }) => callId)
    if (one === undefined || two === undefined || three === undefined) return assert.fail()
    push(10, { _tag: "ToolDecided", callId: two, allowed: false, by: "user" })
    push(20, settled(two))
    push(30, { _tag: "ToolStarted", callId: one })
    push(30, { _tag: "ToolStarted", callId: three })
    assert.deepStrictEqual(
      [names(fold.unsettled), names(fold.running)],
      [
        ["c", "t1", "t3"],
        ["t1", "t3"]
      ]
    )
    push(75, settled(one))
    push(5, settled(three))
    const { contextCalls, turns } = fold.round()
    assert.deepStrictEqual(
      turns[0]?.toolCalls.map(({ decision, duration, state }) => [state, duration, decision]),
      [
        ["settled", 45, undefined],
        ["settled", undefined, { allowed: false, by: "user" }],
        ["settled", 0, undefined]
      ]
    )
    assert.deepStrictEqual(contextCalls, [{ callId: slot, name: "c", input: "{}", state: "requested" }])
  })
})

describe("a list of sessions", () => {
  const titled = (words: string, title?: string) =>
    SessionInfo.project(SessionInfo.fresh(id, 50, { title }), { seq: 7, at: 20, event: started(r1, words) })

  it("has the beginning of the first message as the title, in one line of at most 80 characters", () => {
    assert.strictEqual(titled("  one\n two\t three ").title, "one two three")
    assert.strictEqual(titled("x".repeat(80)).title, "x".repeat(80))
    assert.strictEqual(titled("x".repeat(81)).title, `${"x".repeat(79)}…`)
    assert.isTrue(titled(`${"x".repeat(78)}😀😀`).title.isWellFormed())
    assert.strictEqual(titled("other", "mine").title, "mine")
    const again = SessionInfo.project(titled("first"), { seq: 8, at: 30, event: started(r2, "second") })
    assert.deepInclude(again, { title: "first", rounds: 2, head: 8 })
  })

  it("has times that never decrease", () => {
    assert.deepInclude(titled("one"), { createdAt: 50, updatedAt: 50 })
    assert.deepInclude(SessionInfo.fresh(id, 5, { workspace: "/w" }), { workspace: "/w", title: "", cost: 0 })
  })
})
