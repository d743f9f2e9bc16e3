import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { callId, roundId, SessionId, turnId } from "../src/Ids.ts"
import * as Message from "../src/Message.ts"
import * as MessageFold from "../src/MessageFold.ts"
import { coalesce, ProviderChunk } from "../src/ProviderChunk.ts"
import { type EventOf, type LogEntry, SessionEvent } from "../src/SessionEvent.ts"
import * as SessionFold from "../src/SessionFold.ts"
import { TurnContent } from "../src/TurnContent.ts"
import { zero } from "../src/Usage.ts"

const id = SessionId.make("s")
const r1 = roundId(1)
const t1 = turnId(r1, 1)
const model = { provider: "p", model: "m" }
const entries = (...events: ReadonlyArray<SessionEvent>): ReadonlyArray<LogEntry> =>
  events.map((event, i) => ({ seq: i + 1, at: (i + 1) * 10, event }))
const start: EventOf<"RoundStarted"> = {
  _tag: "RoundStarted",
  roundId: r1,
  request: [{ _tag: "Text", text: "hi" }]
}
const asked: SessionEvent = start
const started: SessionEvent = { _tag: "TurnStarted", roundId: r1, turnId: t1, model }
const call = (n: number) => ({
  _tag: "ToolCall" as const,
  callId: callId(t1, n),
  providerId: "x",
  name: "t",
  input: "{}"
})
const completed = (stop: "end" | "tool-calls", ...content: ReadonlyArray<ReturnType<typeof call>>): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId: t1,
  content,
  usage: zero,
  stop
})
const settled = (n: number, text: string): SessionEvent => ({
  _tag: "ToolSettled",
  callId: callId(t1, n),
  outcome: { _tag: "Succeeded", content: [{ _tag: "Text", text }] }
})

describe("MessageFold.fromEvents", () => {
  it("orders results by their calls, regardless of the order in which they were settled", () => {
    const log = entries(asked, started, completed("tool-calls", call(1), call(2)), settled(2, "b"), settled(1, "a"))
    const messages = MessageFold.fromEvents(log)
    assert.deepStrictEqual(
      messages[2]?.content.map((block) => (block._tag === "ToolResult" ? block.callId : "")),
      ["r1t1c1", "r1t1c2"]
    )
    assert.isUndefined(Message.illegal(messages))
  })

  it("gives open calls an unknown outcome, so that the list is valid after any event", () => {
    const log = entries(asked, started, completed("tool-calls", call(1), call(2)), settled(2, "b"))
    assert.isUndefined(Message.illegal(MessageFold.fromEvents(log)))
    assert.include(JSON.stringify(MessageFold.fromEvents(log)), "Outcome unknown")
  })

  it("keeps the message of a failed round and joins it with the next message", () => {
    const failure = { error: "E", message: "m" }
    const log = entries(
      asked,
      started,
      { _tag: "TurnFailed", turnId: t1, content: [{ _tag: "Text", text: "half" }], usage: zero, failure },
      { _tag: "RoundFailed", roundId: r1, failure },
      { ...start, roundId: roundId(2), request: [{ _tag: "Text", text: "again" }] }
    )
    assert.deepStrictEqual(MessageFold.fromEvents(log), [
      {
        role: "user",
        content: [
          { _tag: "Text", text: "hi" },
          { _tag: "Text", text: "again" }
        ]
      }
    ])
  })

  it("keeps the identity of messages once others follow them", () => {
    const fold = new MessageFold.MessageFold()
    const log = entries(asked, started, completed("tool-calls", call(1)), settled(1, "a"))
    for (const entry of log.slice(0, 3)) fold.push(entry)
    const before = fold.messages()
    for (const entry of log.slice(3)) fold.push(entry)
    assert.strictEqual(fold.messages()[0], before[0])
    assert.strictEqual(fold.messages()[1], before[1])
  })

  const anyLog = Arbitrary.array(Arbitrary.schema(SessionEvent), { maxLength: 12 })
  it.effect.prop("is a total function of the log, like the fold of the session", [anyLog], ([events]) =>
    Effect.sync(() => {
      const log = entries(...events)
      assert.deepStrictEqual(MessageFold.fromEvents(log), MessageFold.fromEvents(log))
      const session = SessionFold.fromEvents(id, log)
      assert.lengthOf(session.rounds, events.filter((event) => event._tag === "RoundStarted").length)
    })
  )
})

describe("Message.illegal", () => {
  const user = (...content: Message.Message["content"]): Message.Message => ({ role: "user", content })
  const assistant = (...content: Message.Message["content"]): Message.Message => ({ role: "assistant", content })
  const text = { _tag: "Text" as const, text: "x" }
  const result = (n: number) => ({ _tag: "ToolResult" as const, callId: callId(t1, n), isError: false, content: [] })
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<Message.Message>, boolean]> = [
    ["nothing", [], false],
    ["one question", [user(text)], true],
    ["starts with the assistant", [assistant(text), user(text)], false],
    ["two questions in a row", [user(text), user(text)], false],
    ["ends with the assistant", [user(text), assistant(text)], false],
    ["an empty message", [user()], false],
    ["an empty text", [user({ _tag: "Text", text: " \n" })], false],
    ["a call and its result", [user(text), assistant(call(1)), user(result(1))], true],
    ["a result with words behind it", [user(text), assistant(call(1)), user(result(1), text)], true],
    ["words before the result", [user(text), assistant(call(1)), user(text, result(1))], false],
    ["a call without a result", [user(text), assistant(call(1)), user(text)], false],
    ["a result without a call", [user(text), assistant(text), user(result(1))], false],
    ["results out of order", [user(text), assistant(call(1), call(2)), user(result(2), result(1))], false],
    ["a call id used twice", [user(text), assistant(call(1), call(1)), user(result(1), result(1))], false],
    ["a call by the user", [user(text, call(1)), assistant(text), user(text)], false]
  ]
  for (const [name, messages, legal] of cases)
    it(`${legal ? "accepts" : "rejects"}: ${name}`, () =>
      assert.strictEqual(Message.illegal(messages) === undefined, legal))
})

describe("TurnContent", () => {
  it("keeps no raw block with half of a surrogate pair, literal or escaped", () => {
    const content = new TurnContent(turnId(roundId(1), 1))
    content.add([
      { _tag: "ThinkingEnd", index: 0, provider: "p", raw: '{"a":"\ud83d"}' },
      { _tag: "OpaqueBlock", index: 1, provider: "p", kind: "k", raw: String.raw`{"a":"\ud83d"}` },
      { _tag: "OpaqueBlock", index: 2, provider: "p", kind: "k", raw: '{"a":"😀"}' }
    ])
    assert.deepStrictEqual(content.blocks(), [
      { _tag: "Thinking", provider: "p", text: "", raw: "" },
      { _tag: "Opaque", provider: "p", kind: "k", raw: "" },
      { _tag: "Opaque", provider: "p", kind: "k", raw: '{"a":"😀"}' }
    ])
  })

  const anyChunks = Arbitrary.array(Arbitrary.schema(ProviderChunk), { maxLength: 20 })
  it.effect.prop("does not depend on how chunks are batched or joined", [anyChunks], ([chunks]) =>
    Effect.sync(() => {
      const whole = new TurnContent(t1)
      whole.add(chunks)
      const joined = new TurnContent(t1)
      joined.add(coalesce(chunks))
      const single = new TurnContent(t1)
      for (const chunk of chunks) single.add([chunk])
      assert.deepStrictEqual(joined.blocks(), whole.blocks())
      assert.deepStrictEqual(single.blocks(), whole.blocks())
      assert.deepStrictEqual(single.usage, whole.usage)
    })
  )

  it.effect.prop("gives well-formed text for any text", [Schema.String], ([text]) =>
    Effect.sync(() => {
      const content = new TurnContent(t1)
      content.add([{ _tag: "TextDelta", index: 0, text: `${text}\ud83d` }])
      const [block] = content.blocks()
      assert.isTrue(block?._tag === "Text" && block.text.isWellFormed())
    })
  )

  it("reports chunks that contradict each other", () => {
    const content = new TurnContent(t1)
    content.add([
      { _tag: "TextDelta", index: 0, text: "a" },
      { _tag: "ToolInputDelta", index: 0, json: "{" }
    ])
    assert.include(content.malformed, "not a tool call")
  })
})

it("a round lists its unsettled calls", () => {
  const fold = new SessionFold.RoundFold(start, 0)
  for (const entry of entries(asked, started, completed("tool-calls", call(1), call(2)), settled(1, "a")).slice(1))
    fold.push(entry)
  assert.deepStrictEqual(
    fold.unsettled.map(({ callId, state }) => [callId, state]),
    [["r1t1c2", "requested"]]
  )
})

it("a round reports the cached share of the input of all its turns, and nothing without input", () => {
  const turn = (inputTokens: number, cacheReadTokens: number, cacheWriteTokens: number): SessionEvent => ({
    _tag: "TurnCompleted",
    turnId: t1,
    content: [],
    usage: { inputTokens, outputTokens: 7, cacheReadTokens, cacheWriteTokens },
    stop: "end"
  })
  const ratio = (...events: ReadonlyArray<SessionEvent>) =>
    SessionFold.fromEvents(id, entries(asked, ...events)).rounds[0]?.cacheHitRatio
  assert.strictEqual(ratio(started, turn(10, 0, 90), started, turn(5, 90, 5)), 0.45)
  assert.isUndefined(ratio(started, turn(0, 0, 0)))
})

it("a response to a message without sendable content still follows a user message", () => {
  const empty: SessionEvent = { ...start, request: [{ _tag: "Text", text: " " }] }
  const messages = MessageFold.fromEvents(entries(empty, started, completed("end"), asked))
  assert.deepStrictEqual(
    messages.map(({ role }) => role),
    ["user"]
  )
  assert.strictEqual(Message.illegal(messages), undefined)
  assert.deepInclude(messages[0]?.content[0], { _tag: "Text", text: "(an empty message)" })
})
