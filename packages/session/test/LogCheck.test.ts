import { assert, describe, it } from "@effect/vitest"
import { callId, postId, questionId, roundId, turnId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import { damage, intact } from "../src/log/LogCheck.ts"
import * as Repair from "../src/log/Repair.ts"
import * as SessionLog from "../src/log/SessionLog.ts"

const round = roundId(1)
const turn = turnId(round, 1)
const asked: SessionEvent = { _tag: "RoundStarted", roundId: round, request: [{ _tag: "Text", text: "Hello" }] }
const settled: SessionEvent = {
  _tag: "ToolSettled",
  callId: callId(turn, 1),
  outcome: { _tag: "Succeeded", content: [] }
}

it.effect("a log that Parley cannot have written is rejected with the reason, an incomplete log is not", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const refused = (...events: ReadonlyArray<SessionEvent>) =>
      Effect.gen(function* () {
        const { id } = yield* sessions.create({})
        const lease = yield* sessions.acquire(id)
        yield* sessions.append(id, { after: 0, epoch: lease.epoch }, events)
        const result = yield* Effect.result(SessionLog.open(id, lease))
        if (result._tag === "Failure") assert.deepInclude(result.failure, { reason: "Corrupt", sessionId: id })
        return result._tag === "Failure" ? result.failure.message : "opened"
      }).pipe(Effect.scoped)
    assert.strictEqual(yield* refused(asked), "opened")
    assert.match(yield* refused(asked, asked), /event 2: r1 starts while r1 is open/)
    assert.match(yield* refused(asked, settled), /event 2: a result of call r1t1c1, which was not requested/)
  }).pipe(Effect.provide(SessionManager.layerMemory, { local: true }))
)

const call = callId(turn, 1)
const begun: SessionEvent = { _tag: "TurnStarted", roundId: round, turnId: turn, model: { provider: "p", model: "m" } }
const delta: SessionEvent = { _tag: "TurnDelta", turnId: turn, chunks: [] }
const toolCall = { _tag: "ToolCall" as const, callId: call, providerId: "x", name: "t", input: "{}" }
const ended = { turnId: turn, content: [], usage: zero }
const answered = (...content: ReadonlyArray<typeof toolCall>): SessionEvent => ({
  _tag: "TurnCompleted",
  ...ended,
  content,
  stop: "end"
})
const interrupted: SessionEvent = { _tag: "TurnInterrupted", ...ended }
const started: SessionEvent = { _tag: "ToolStarted", callId: call }
const done: SessionEvent = { _tag: "RoundCompleted", roundId: round, stop: "end" }
const told: SessionEvent = {
  _tag: "MessageDelivered",
  roundId: round,
  messageId: postId(1),
  request: [{ _tag: "Text", text: "And?" }],
  outside: []
}
const second: SessionEvent = { ...asked, roundId: roundId(2) }
const refresh: SessionEvent = { _tag: "RefreshRequested" }
const secondDone: SessionEvent = { ...done, roundId: roundId(2) }
const undone = (first: number, ...more: ReadonlyArray<number>): SessionEvent => ({
  _tag: "RoundsUndone",
  rounds: [roundId(first), ...more.map(roundId)]
})
const redone: SessionEvent = { _tag: "RoundsRedone" }
const compactionUndone: SessionEvent = { _tag: "CompactionUndone" }
const slot = callId(round, 1)
const context: SessionEvent = {
  _tag: "ContextCallRequested",
  roundId: round,
  callId: slot,
  slot: "s",
  name: "t",
  input: "{}"
}

/** Numbered from 1; a number before an event is its own. */
const numbered = (...all: ReadonlyArray<SessionEvent | number>): ReadonlyArray<LogEntry> => {
  const entries: Array<LogEntry> = []
  let seq = 1
  for (const one of all)
    if (typeof one === "number") seq = one
    else entries.push({ seq: seq++, at: 0, event: one })
  return entries
}

describe("the rules of a log", () => {
  const asking = [asked, begun, answered(toolCall)]
  const broken: ReadonlyArray<readonly [rule: string, entries: ReadonlyArray<LogEntry>]> = [
    ["event 1: its number follows 1", numbered(asked, 1, begun)],
    ["event 3: event 2 is missing before it", numbered(asked, 3, begun)],
    ["event 1: TurnStarted while no round is open", numbered(begun)],
    ["event 3: r1 starts twice", numbered(asked, done, asked)],
    ["event 2: RefreshRequested while r1 is open", numbered(asked, refresh)],
    ["event 2: RoundCompleted of r2 while r1 is open", numbered(asked, { ...done, roundId: roundId(2) })],
    ["event 3: RoundCompleted while turn r1t1 is open", numbered(asked, begun, done)],
    ["event 3: turn r1t1 starts while r1t1 is open", numbered(asked, begun, begun)],
    ["event 4: turn r1t1 starts twice", numbered(asked, begun, interrupted, begun)],
    ["event 2: TurnDelta of r1t1 while no turn is open", numbered(asked, delta)],
    ["event 4: TurnInterrupted of r1t1 while no turn is open", numbered(asked, begun, answered(), interrupted)],
    ["event 3: call r1t1c1 is requested twice", numbered(asked, begun, answered(toolCall, toolCall))],
    ["event 3: call r1c1 is requested twice", numbered(asked, context, context)],
    ["event 2: call r1t1c1 starts but was not requested", numbered(asked, started)],
    ["event 5: call r1t1c1 starts but is already started", numbered(...asking, started, started)],
    ["event 5: call r1t1c1 starts but is already settled", numbered(...asking, settled, started)],
    ["event 5: a second result of call r1t1c1", numbered(...asking, settled, settled)],
    ["event 2: RoundsUndone while r1 is open", numbered(asked, undone(1))],
    ["event 3: the rounds r2 cannot be undone", numbered(asked, done, undone(2))],
    ["event 4: the rounds r1 cannot be undone", numbered(asked, done, undone(1), undone(1))],
    ["event 5: the rounds r1 cannot be undone", numbered(asked, done, second, secondDone, undone(1))],
    ["event 3: there is nothing to redo", numbered(asked, done, redone)],
    ["event 6: there is nothing to redo", numbered(asked, done, undone(1), second, secondDone, redone)],
    ["event 5: there is nothing to redo", numbered(asked, done, undone(1), compactionUndone, redone)],
    ["event 2: message p1 is delivered twice", numbered({ ...asked, messageId: postId(1) }, told)],
    ["event 3: message p1 is delivered twice", numbered(asked, told, told)],
    ["event 3: message p1 is delivered while r1t1 is open", numbered(asked, begun, told)],
    ["event 4: message p1 is delivered while calls are open", numbered(...asking, told)],
    ["event 3: message p1 is delivered while calls are open", numbered(asked, context, told)],
    ["event 4 is missing", numbered(asked, begun, delta, 5, delta)]
  ]
  for (const [rule, entries] of broken) it(`are violated: ${rule}`, () => assert.strictEqual(damage(entries), rule))

  it("allow missing results, a missing end of the round, and missing deltas of an ended turn", () => {
    for (const entries of [
      numbered(asked, begun, answered(toolCall), settled, told),
      numbered(),
      numbered(...asking, started),
      numbered(...asking, settled, done, refresh, second),
      numbered(asked, done, second, secondDone, undone(2), undone(1), redone, redone, undone(1, 2)),
      numbered(asked, begun, delta, 7, answered(), done),
      numbered(asked, context, { ...settled, callId: slot }, begun)
    ])
      assert.isUndefined(damage(entries))
  })

  it("hold up to the last complete round before a violation", () => {
    const whole = numbered(asked, done, refresh)
    assert.deepStrictEqual(intact([...whole, ...numbered(4, second, second)]), whole)
    assert.deepStrictEqual(intact([...whole, ...numbered(5, second)]), whole)
    assert.deepStrictEqual(intact(numbered(asked, begun)), [])
    assert.deepStrictEqual(intact(whole), whole)
  })
})

it.effect("a repair copies all complete rounds, however many, and does not change the damaged session", () =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const { id } = yield* sessions.create({ title: "mine", workspace: "/w" })
    const rounds = Array.from({ length: 600 }, (_, i): ReadonlyArray<SessionEvent> => [
      { ...asked, roundId: roundId(i + 1) },
      { ...done, roundId: roundId(i + 1) }
    ]).flat()
    yield* sessions.append(id, { after: 0, epoch: 0 }, [...rounds, { ...asked, roundId: roundId(601) }, refresh])
    const before = yield* sessions.read(id, 0)
    const { leftBehind, session } = yield* Repair.repair(id)
    assert.deepInclude(session, { title: "mine", workspace: "/w", head: 1200, rounds: 600, open: false })
    assert.strictEqual(leftBehind, 2)
    assert.deepStrictEqual(
      (yield* sessions.read(session.id, 0)).map(({ event }) => event),
      rounds
    )
    assert.deepStrictEqual(yield* sessions.read(id, 0), before)
  }).pipe(Effect.provide(SessionManager.layerMemory, { local: true }))
)

it("a question is about a call that can still be asked about, and has one answer", () => {
  const logOf = (...events: ReadonlyArray<SessionEvent>) =>
    [asked, begun, answered(toolCall), ...events].map((event, i): LogEntry => ({ seq: i + 1, at: 0, event }))
  const ids = { questionId: questionId(call, 1), roundId: round }
  const approval: SessionEvent = {
    _tag: "QuestionAsked",
    ...ids,
    callId: call,
    subject: { _tag: "Approval", tool: { name: "t", server: "s", tool: "t" }, input: {}, hash: "" }
  }
  const url: SessionEvent = {
    ...approval,
    subject: { _tag: "Url", server: "s", message: "m", url: "https://a.example/", host: "a.example" }
  }
  const cancel: SessionEvent = { _tag: "QuestionAnswered", ...ids, by: "engine", answer: { _tag: "Cancel" } }
  assert.isUndefined(damage(logOf(approval, cancel, started)))
  assert.isUndefined(damage(logOf(started, url, cancel, settled)))
  assert.strictEqual(damage(logOf(started, approval)), "event 5: a question about call r1t1c1, which is not requested")
  assert.strictEqual(damage(logOf(url)), "event 4: a question about call r1t1c1, which is not started")
  assert.strictEqual(damage(logOf(approval, approval)), "event 5: question r1t1c1q1 is asked twice")
  assert.strictEqual(damage(logOf(cancel)), "event 4: an answer to question r1t1c1q1, which is not asked")
  assert.strictEqual(
    damage(logOf(approval, cancel, cancel)),
    "event 6: an answer to question r1t1c1q1, which is answered"
  )
})
