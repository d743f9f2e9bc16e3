import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"
import { zero } from "@parley/domain/Usage"
import { requestOf } from "../src/context/RequestOrigins.ts"
import { isThinking, type ThinkingRule } from "../src/log/BoundThinking.ts"
import { SessionState } from "../src/log/SessionState.ts"

const model = { provider: "p", model: "m" }
const r1 = roundId(1)
const size = { tokens: 1, by: "estimated" as const }

const thought = (n: number): Block => ({ _tag: "Thinking", provider: "p", text: "", raw: `{"n":${n}}` })

/** A turn that thinks, and calls a tool if there is a call. */
const turn = (n: number, started: Partial<EventOf<"TurnStarted">> = {}, calls = false): ReadonlyArray<SessionEvent> => [
  { _tag: "TurnStarted", roundId: r1, turnId: turnId(r1, n), model, ...started },
  {
    _tag: "TurnCompleted",
    turnId: turnId(r1, n),
    content: [
      thought(n),
      calls
        ? { _tag: "ToolCall", callId: callId(turnId(r1, n), 1), providerId: "c", name: "echo", input: "{}" }
        : { _tag: "Text", text: "yes" }
    ],
    usage: zero,
    stop: calls ? "tool-calls" : "end"
  }
]
const settled = (n: number): SessionEvent => ({
  _tag: "ToolSettled",
  callId: callId(turnId(r1, n), 1),
  outcome: { _tag: "Succeeded", content: [{ _tag: "Text", text: "a long result" }] }
})
const roundStarted: SessionEvent = { _tag: "RoundStarted", roundId: r1, request: [{ _tag: "Text", text: "hello" }] }
const built = (system?: string): SessionEvent => ({
  _tag: "ContextBuilt",
  roundId: r1,
  roundPart: [],
  files: {},
  manifest: [],
  ...(system === undefined ? {} : { baseline: { key: "k", system, tools: [], files: {} } })
})
const compacted = (more: Partial<EventOf<"ContextCompacted">> = {}): SessionEvent => ({
  _tag: "ContextCompacted",
  roundId: r1,
  why: "budget",
  pruned: [],
  kept: 0,
  head: [],
  slots: {},
  manifest: [],
  before: size,
  after: size,
  ...more
})

/** The numbers of the turns whose thinking the next request contains. */
const sent = (
  events: ReadonlyArray<SessionEvent>,
  rule?: ThinkingRule,
  outputTool?: string
): ReadonlyArray<unknown> => {
  const state = new SessionState()
  for (const event of events) state.push({ seq: state.head + 1, at: 0, event })
  return requestOf(state, { ref: model, ...(outputTool === undefined ? {} : { outputTool }) }, rule).messages.flatMap(
    ({ content }) => content.flatMap((block) => (isThinking(block) && block._tag === "Thinking" ? [block.raw] : []))
  )
}

const first = [roundStarted, built("s"), ...turn(1, {}, true), settled(1), ...turn(2)]
const all = ['{"n":1}', '{"n":2}']

describe("thinking of earlier turns", () => {
  it("is sent again while all that precedes it is unchanged", () => {
    assert.deepStrictEqual(sent(first), all)
    assert.deepStrictEqual(sent([...first, built()]), all, "a round without a new baseline")
  })

  const moves: ReadonlyArray<readonly [string, ReadonlyArray<SessionEvent>]> = [
    ["a new baseline with the same text", [built("s")]],
    ["results that lose their content", [compacted({ pruned: [callId(turnId(r1, 1), 1)] })]],
    ["a summary", [compacted({ kept: 2, baseline: { key: "k", system: "s", tools: [], files: {} } })]],
    ["an undone compaction", [compacted({ pruned: [callId(turnId(r1, 1), 1)] }), { _tag: "CompactionUndone" }]]
  ]
  for (const [name, events] of moves)
    it(`is left out after ${name}, and only that of later turns is sent`, () => {
      assert.deepStrictEqual(sent([...first, ...events]), [])
      assert.deepStrictEqual(sent([...first, ...events, ...turn(3)]), ['{"n":3}'])
    })

  it("is left out after an undone compaction, even if it was produced after the compaction", () => {
    const pruned = compacted({ pruned: [callId(turnId(r1, 1), 1)] })
    assert.deepStrictEqual(sent([...first, pruned, ...turn(3), { _tag: "CompactionUndone" }]), [])
  })

  it("belongs to its round if the answer is given by a tool, which precedes the conversation like all tools", () => {
    const asked = [roundStarted, built("s"), ...turn(1, { outputTool: "answer" }, true), settled(1)]
    assert.deepStrictEqual(sent(asked, "fitting", "answer"), ['{"n":1}'])
    assert.deepStrictEqual(sent(asked), [])
    const ended: SessionEvent = { _tag: "RoundCompleted", roundId: r1, stop: "end", output: 1 }
    const next: SessionEvent = { _tag: "RoundStarted", roundId: roundId(2), request: [] }
    assert.deepStrictEqual(sent([...asked, ended, next], "fitting", "answer"), [])
  })

  it("is what earlier versions sent, where one of their requests is derived again", () => {
    const pruned = compacted({ pruned: [callId(turnId(r1, 1), 1)] })
    assert.deepStrictEqual(sent([...first, pruned], "earlier"), all)
    assert.deepStrictEqual(sent([...first, built("other")], "earlier"), [])
    assert.deepStrictEqual(sent([...first, built("s")], "none"), [])
  })
})
