import { callId, postId, questionId as questionIdOf, roundId, SessionId, turnId } from "@parley/domain/Ids"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { fresh, project } from "@parley/domain/SessionInfo"
import { TurnContent } from "@parley/domain/TurnContent"
import { assert, it } from "@effect/vitest"
import * as Chunks from "../src/parts/Chunks.ts"
import * as Invariants from "../src/invariants/Invariants.ts"

const round = roundId(1)
const turn = turnId(round, 1)
const call = callId(turn, 1)
const usage = { inputTokens: 3, outputTokens: 2, cacheReadTokens: 1, cacheWriteTokens: 0 }
const text = (text: string) => ({ _tag: "Text" as const, text })
const chunks = Chunks.call(0, "t", {})
const content = new TurnContent(turn)
content.add(chunks)
const events: ReadonlyArray<SessionEvent> = [
  { _tag: "RoundStarted", roundId: round, request: [text("go")] },
  { _tag: "TurnStarted", roundId: round, turnId: turn, model: { provider: "p", model: "m" } },
  { _tag: "TurnDelta", turnId: turn, chunks },
  { _tag: "TurnCompleted", turnId: turn, content: content.blocks(), usage, cost: 0.25, stop: "tool-calls" },
  { _tag: "ToolStarted", callId: call },
  { _tag: "ToolSettled", callId: call, outcome: { _tag: "Succeeded", content: [text("done")] } },
  { _tag: "RoundFailed", roundId: round, failure: { error: "CapReached", message: "enough" } }
]
const logOf = (events: ReadonlyArray<SessionEvent>) =>
  events.map((event, i): LogEntry => ({ seq: i + 1, at: 5, event }))
const log = logOf(events)
const info = log.reduce(project, fresh(SessionId.make("s"), 5, {}))
const request: ModelRequest = {
  model: { provider: "p", model: "m" },
  system: "Be brief.",
  tools: [],
  messages: [{ role: "user", content: [text("go")] }]
}
const sent = { request, turnId: turn, turnStored: true }
const made = {
  key: `s/${round}/${turn}/${call}`,
  name: "t",
  input: {},
  preview: false,
  beside: 0,
  startStored: true,
  turnStored: true,
  running: false
}
const known = {
  log,
  seen: log,
  committed: log,
  snapshots: [log.slice(0, 3), log],
  requests: [request],
  recorded: [sent],
  calls: [made],
  toolConcurrency: 1,
  info
}

it("every invariant is checked when all facts are known, and a correct session has no violations", () => {
  assert.deepStrictEqual(Invariants.check(known), {
    violations: [],
    checked: Object.keys(Invariants.all).map(Number),
    unchecked: []
  })
})

it("an invariant reports which facts it needs and does not have", () => {
  const { checked, unchecked, violations } = Invariants.check({ log })
  assert.deepStrictEqual(violations, [])
  assert.deepStrictEqual(checked, [2, 3, 5, 13, 14, 31, 54, 55, 56])
  assert.deepStrictEqual(unchecked, [
    "1 dense order: needs seen",
    "4 append only: needs snapshots",
    "7 prefix: needs seen",
    "10 shown is stored: needs seen, committed",
    "15 intent first: needs calls",
    "16 no early start: needs calls",
    "17 at most once: needs calls",
    "18 unknown is honest: needs calls",
    "20 concurrency bound: needs calls, toolConcurrency",
    "22 no execution from bad turns: needs calls",
    "23 frozen tools: needs recorded",
    "25 legal: needs requests",
    "26 prefix stability: needs requests",
    "28 nothing volatile: needs recorded",
    "29 excluded rows: needs requests",
    "44 storage failure is loud: needs recorded",
    "46 usage adds up: needs info"
  ])
  const early = logOf(events.filter(({ _tag }) => _tag !== "TurnCompleted"))
  const answer = Invariants.all[15]?.check({ log: early })
  assert.deepInclude(answer, { _tag: "NotChecked", lacks: ["calls"] })
  assert.isNotEmpty(answer?.violations, "the part that needs only the log is checked nevertheless")
})

it("a summary counts the checked invariants, and names the unchecked ones and those without a check", () => {
  const all = Object.keys(Invariants.all).length
  const later = "not checked by anything yet: 52 cluster equals local: there is no cluster yet"
  assert.strictEqual(
    Invariants.summary(Invariants.check(known)),
    `${all} of ${all} invariants of sessions checked; ${later}`
  )
  assert.strictEqual(
    Invariants.summary({ checked: [2], unchecked: ["1 dense order: needs seen"] }),
    `1 of ${all} invariants of sessions checked; not checked: 1 dense order: needs seen; ${later}`
  )
})

const cut = logOf(
  events.map((event): SessionEvent => {
    if (event._tag === "TurnCompleted") return SessionEvent.cases.TurnCompleted.make({ ...event, stop: "length" })
    return event
  })
)
/** A turn fails with this content, and the next one asks `model`; `named` is what the scheduled retry says. */
const retried = (options: { readonly content?: string; readonly named?: string; readonly model?: string }) => {
  const { content = "", model = "m", named } = options
  const failure = { error: "ModelError", reason: "Overloaded", message: "scripted" }
  const ref = (model: string) => ({ provider: "p", model })
  return {
    log: logOf([
      ...events.slice(0, 2),
      { _tag: "TurnFailed", turnId: turn, content: content === "" ? [] : [text(content)], usage, failure },
      {
        _tag: "RetryScheduled",
        roundId: round,
        turnId: turn,
        attempt: 1,
        delayMillis: 0,
        failure,
        ...(named === undefined ? {} : { model: ref(named) })
      },
      { _tag: "TurnStarted", roundId: round, turnId: turnId(round, 2), model: ref(model) }
    ])
  }
}
const asked: SessionEvent = { _tag: "RoundStarted", roundId: round, request: [text("go")] }
const started: SessionEvent = { ...asked, outputSchema: {} }
const turned: SessionEvent = { _tag: "TurnCompleted", turnId: turn, content: [], usage, stop: "end" }
const ended = { _tag: "RoundCompleted" as const, roundId: round, stop: "end" as const }
const rejected = (turnId: typeof turn): SessionEvent => ({
  _tag: "OutputRejected",
  roundId: round,
  turnId,
  problems: []
})
const told = (n: number): SessionEvent => ({
  _tag: "MessageDelivered",
  roundId: round,
  messageId: postId(n),
  request: [text("and")],
  outside: []
})
const answered = (events: ReadonlyArray<SessionEvent>) => ({ log: logOf(events) })

const broken: ReadonlyArray<readonly [number: number, known: Invariants.Known, words: RegExp]> = [
  [1, { ...known, seen: log.slice(1) }, /entry 1 has number 2/],
  [4, { ...known, snapshots: [log, log.slice(0, 2)] }, /ToolStarted at 5 is gone or changed/],
  [7, { ...known, seen: log.filter(({ event }) => event._tag !== "TurnDelta") }, /shown .* stored/],
  [10, { ...known, committed: log.slice(0, 6) }, /RoundFailed at 7 was shown and is not what was stored/],
  [15, { ...known, calls: [{ ...made, startStored: false }] }, /before its start was stored/],
  [16, { ...known, calls: [{ ...made, turnStored: false }] }, /before its turn was stored/],
  [17, { ...known, calls: [made, made] }, /reached a tool twice/],
  [20, { ...known, calls: [{ ...made, beside: 1 }] }, /ran beside 1 others/],
  [22, { ...known, log: cut }, /of TurnCompleted reached a tool/],
  [23, { ...known, recorded: [sent, { ...sent, request: { ...request, system: "Other" } }] }, /has other tools/],
  [28, { ...known, recorded: [{ ...sent, request: { ...request, system: "Today: 2026-01-02" } }] }, /holds a date/],
  [31, retried({ model: "n" }), /^turn r1t2 asks p\/n and not p\/m$/],
  [31, retried({ named: "n" }), /^turn r1t2 asks p\/m and not p\/n$/],
  [
    31,
    retried({ content: "half", named: "n", model: "n" }),
    /^another model is asked after r1t1, of which a part is stored$/
  ],
  [44, { ...known, recorded: [{ ...sent, turnStored: false }] }, /sent before turn r1t1 was stored/],
  [46, { ...known, info: { ...info, usage: { ...usage, outputTokens: 3 } } }, /the session used .*, its turns/],
  [46, { ...known, info: { ...info, cost: 0.5 } }, /the session cost \$0.5, its turns \$0.25/],
  [46, { ...known, info: { ...info, open: true } }, /the session is open/],
  [54, answered([started, turned, ended]), /has no value/],
  [54, answered([asked, turned, { ...ended, output: 1 }]), /has a value without an output schema/],
  [54, answered([asked, rejected(turn)]), /is in a round without an output schema/],
  [54, answered([started, rejected(turn)]), /is about r1t1, which is not complete/],
  [54, answered([started, turned, rejected(turn), rejected(turn)]), /is the second one in its round/],
  [
    54,
    answered([asked, { _tag: "ToolSettled", callId: call, outcome: { _tag: "Answered", content: [] } }]),
    /answers without/
  ],
  [56, answered([{ ...asked, messageId: postId(1) }, told(1)]), /delivers p1 a second time/],
  [56, answered([asked, told(2), told(1)]), /delivers p1 after a later message/],
  [
    56,
    answered([
      { ...asked, messageId: postId(2) },
      { ...asked, messageId: postId(1) }
    ]),
    /p1 after a later message/
  ],
  [56, answered([...events.slice(0, 2), told(1)]), /delivers p1 while r1t1 is open/],
  [56, answered([...events.filter(({ _tag }) => _tag !== "ToolSettled"), told(1)]), /delivers p1 while r1t1c1 is open/]
]
for (const [i, [number, known, words]] of broken.entries())
  it(`${number} ${Invariants.all[number]?.name} finds what is broken (${i + 1})`, () => {
    const answer = Invariants.all[number]?.check(known)
    assert.strictEqual(answer?._tag, "Checked")
    assert.match(answer?.violations.join("; ") ?? "", words)
  })

it("a retry may ask the same model, or another one that it names before a part of the response is stored", () => {
  for (const options of [{}, { content: "half" }, { named: "n", model: "n" }])
    assert.deepStrictEqual(Invariants.retriesAreNew(retried(options).log), [])
})

it("a request to another model begins with the one before it, apart from the thinking of that model", () => {
  const thought = { _tag: "Thinking" as const, provider: "p", text: "hm", raw: "{}" }
  const asked = (model: string, ...answer: ReadonlyArray<typeof thought | ReturnType<typeof text>>): ModelRequest => ({
    ...request,
    model: { provider: "p", model },
    messages: [
      ...request.messages,
      { role: "assistant", content: [...answer] },
      { role: "user", content: [text("on")] }
    ]
  })
  const first = asked("m", thought, text("yes"))
  assert.deepStrictEqual(Invariants.prefixStable([first, asked("n", text("yes"))], []), [])
  const changed = ["request 2 does not begin with the one before it"]
  assert.deepStrictEqual(Invariants.prefixStable([first, asked("m", text("yes"))], []), changed)
  assert.deepStrictEqual(Invariants.prefixStable([first, asked("n", text("no"))], []), changed)
})

it("a call that the user marked as safe to repeat may reach its tool twice", () => {
  const again = { ...made, safeToRepeat: true }
  assert.deepStrictEqual(Invariants.check({ ...known, calls: [again, again] }).violations, [])
})

it("a request may end with a paused turn, whose empty last block is not sent", () => {
  const paused = (...content: ReadonlyArray<string>) =>
    logOf(
      events.flatMap((event): ReadonlyArray<SessionEvent> =>
        event._tag === "TurnCompleted"
          ? [SessionEvent.cases.TurnCompleted.make({ ...event, content: content.map(text), stop: "pause" })]
          : event._tag === "ToolStarted" || event._tag === "ToolSettled"
            ? []
            : [event]
      )
    )
  const sentBack = { ...request, messages: [...request.messages, { role: "assistant" as const, content: [text("a")] }] }
  assert.deepStrictEqual(Invariants.legalRequests([sentBack], paused("a")), [])
  assert.deepStrictEqual(Invariants.legalRequests([sentBack], paused("a", " ", "")), [])
  const notTheUsers = ["request 1: the last message is not the user's"]
  assert.deepStrictEqual(Invariants.legalRequests([sentBack], paused("a", "b")), notTheUsers)
  assert.deepStrictEqual(Invariants.legalRequests([sentBack], log), notTheUsers)
})

it("a call that was asked about runs only after the answer that allows it", () => {
  const questionId = questionIdOf(call, 1)
  const ids = { questionId, roundId: round }
  const subject = { _tag: "Approval" as const, tool: { name: "t", server: "s", tool: "t" }, input: {}, hash: "h" }
  const asked: SessionEvent = { _tag: "QuestionAsked", ...ids, callId: call, subject }
  const answered = (allowed: boolean): SessionEvent => ({
    _tag: "QuestionAnswered",
    ...ids,
    by: "host",
    answer: allowed ? { allowed: true, scope: "once" } : { allowed: false, reason: "no" }
  })
  const started: SessionEvent = { _tag: "ToolStarted", callId: call }
  const found = (...more: ReadonlyArray<SessionEvent>) =>
    Invariants.answeredFirst(logOf([...events.slice(0, 4), ...more]))
  assert.deepStrictEqual(found(asked, answered(true), started), [])
  assert.deepStrictEqual(found(asked, started), ["ToolStarted at 6 starts r1t1c1, which was not allowed"])
  assert.lengthOf(found(asked, answered(false), started), 1)
  assert.deepStrictEqual(found(asked, asked), ["QuestionAsked at 6 is asked a second time"])
  assert.deepStrictEqual(found(asked, answered(true), answered(false)), ["QuestionAnswered at 7 is the second answer"])
  assert.deepStrictEqual(found(answered(true)), ["QuestionAnswered at 5 answers a question that was not asked"])
  const elsewhere: SessionEvent = {
    _tag: "QuestionAnswered",
    ...ids,
    roundId: roundId(2),
    by: "host",
    answer: { _tag: "Cancel" }
  }
  assert.deepStrictEqual(found(asked, elsewhere), ["QuestionAnswered at 6 answers a question of another round"])

  const waits = (...more: ReadonlyArray<SessionEvent>) => Invariants.isWaiting(logOf([...events.slice(0, 4), ...more]))
  assert.deepStrictEqual(
    [waits(), waits(asked), waits(asked, answered(true)), waits(asked, answered(true), started)],
    [false, true, true, false]
  )
  assert.isFalse(Invariants.isWaiting(logOf([...events.slice(0, 3), asked])), "the turn is still open")
})
