import { type Block, text, type ToolResult } from "@parley/domain/Content"
import { callId, roundId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import { assert, describe, it } from "@effect/vitest"
import * as Plan from "../src/compaction/CompactionPlan.ts"
import * as RequestEstimate from "../src/context/RequestEstimate.ts"

/** A message of so many tokens, by the estimate. */
const sized = (role: Message["role"], tokens: number): Message => ({
  role,
  content: [text("abcd".repeat(tokens - 16))]
})
/** A result that saves so many tokens when its content is left out. */
const result = (n: number, saves: number): ToolResult => ({
  _tag: "ToolResult",
  callId: callId(roundId(1), n),
  isError: false,
  content: [text("abcd".repeat(saves + 24))]
})
const user = (...content: ReadonlyArray<Block>): Message => ({ role: "user", content })
const call = (n: number): Message => ({
  role: "assistant",
  content: [{ _tag: "ToolCall", callId: callId(roundId(1), n), providerId: "x", name: "t", input: "{}" }]
})
const talk = (count: number): ReadonlyArray<Message> =>
  Array.from({ length: count }, (_, i) => sized(i % 2 === 0 ? "user" : "assistant", 100))

describe("the kept part of a history", () => {
  it("fills up to a quarter of the limit, to the token", () => {
    assert.strictEqual(RequestEstimate.ofMessages(talk(3)), 300)
    assert.strictEqual(Plan.keep(talk(10), 1200), 3)
    assert.strictEqual(Plan.keep(talk(10), 1199), 2)
  })

  it("is empty if nothing fits, but includes the message to which the model must respond", () => {
    assert.strictEqual(Plan.keep(talk(10), 4), 0)
    assert.strictEqual(Plan.keep(talk(9), 4), 1)
  })

  it("is the whole history if too little would be left out", () => {
    const rest = [sized("assistant", 100)]
    assert.strictEqual(Plan.keep([sized("user", 256), ...rest], 400), 1)
    assert.isUndefined(Plan.keep([sized("user", 255), ...rest], 400))
    assert.isUndefined(Plan.keep([], 400))
    assert.isUndefined(Plan.keep([sized("user", 9000)], 400), "one message, which must be answered")
  })

  it("never begins with a result whose call is left out", () => {
    const messages = [sized("user", 300), call(1), user(result(1, 10)), sized("assistant", 20), sized("user", 20)]
    const [, , answered, ...after] = messages
    const limit = 4 * RequestEstimate.ofMessages([...(answered === undefined ? [] : [answered]), ...after])
    assert.strictEqual(Plan.keep(messages, limit), 2)
    const whole = 4 * RequestEstimate.ofMessages(messages.slice(1))
    assert.strictEqual(Plan.keep(messages, whole), 4)
  })
})

describe("results whose content is removed", () => {
  const last = talk(4)
  const old = [user(result(1, 1000)), user(result(2, 1000)), user(result(3, 47))]
  const limit = 12_000

  it("are the oldest, until the request has three quarters of the limit", () => {
    const calls = (over: number, messages = [...old, ...last]) => Plan.oldResults(messages, limit * 0.75 + over, limit)
    assert.deepStrictEqual(calls(1000), [callId(roundId(1), 1)])
    assert.deepStrictEqual(calls(1001), [callId(roundId(1), 1), callId(roundId(1), 2)])
    assert.lengthOf(calls(2000) ?? [], 2)
    assert.isUndefined(calls(2001), "all that is worth it is not enough")
    assert.isUndefined(calls(1, [...old.slice(0, 1), ...talk(3)]), "the last four messages keep theirs")
    assert.deepStrictEqual(calls(0), [])
  })

  it("are the largest, even in the last messages, if a summary was not enough, and never small ones", () => {
    const messages = [user(result(1, 100)), user(result(2, 500), result(3, 300)), user(result(4, 47), result(5, 48))]
    const of = (wanted: number) => Plan.largestResults(messages, wanted)
    const ids = (...all: ReadonlyArray<number>) => all.map((n) => callId(roundId(1), n))
    assert.deepStrictEqual(of(500), { calls: ids(2), saved: 500 })
    assert.deepStrictEqual(of(501), { calls: ids(2, 3), saved: 800 })
    assert.deepStrictEqual(of(Number.POSITIVE_INFINITY), { calls: ids(2, 3, 1, 5), saved: 948 })
    assert.deepStrictEqual(of(0), { calls: [], saved: 0 })
  })
})
