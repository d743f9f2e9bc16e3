import { assert } from "@effect/vitest"
import { all, answer, start, stop, text, toolUse } from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, completed, results, type Scenario, type Seen, variants } from "./kit.ts"

/** A response that calls `echo` with this input, and one that ends the round. */
const calling = (input: string): Scenario["replies"] => [
  { body: [all(start(), ...toolUse(0, "echo", input), ...stop("tool_use"))] },
  { body: [answer("Done.")] }
]

/** The text between the call's `"input":` and its end, in the request that follows. */
export const repeated = ({ received }: Seen): string | undefined =>
  /"type":"tool_use","id":"r1t1c1","name":"echo","input":(.*?)\}\]\},\{"role":"user"/s.exec(
    received[1]?.body ?? ""
  )?.[1]

/** The call is not executed, one error result gives the reason, and the round continues. */
const answeredWith = (words: string) => (seen: Seen) => {
  completed("completed", "completed")(seen)
  assert.isEmpty(seen.ran)
  const [result, ...more] = results(seen.turns[0])
  assert.isEmpty(more)
  assert.include(result, "Failed: ")
  assert.include(result, words)
  assert.include(result, "nothing was run")
  const block = blocksSent(seen.received[1], "user").find(({ type }) => type === "tool_result")
  assert.deepInclude(block, { tool_use_id: "r1t1c1", is_error: true })
}

const malformed = variants(
  "P15",
  [
    ["cut in the middle", '{"path": "a'],
    ["something behind it", '{"path": "a"} and more'],
    ["no object", '["a"]'],
    ["no JSON", "path = a"]
  ],
  (input) => ({
    replies: calling(input),
    look: (seen) => {
      answeredWith("is not a JSON object")(seen)
      assert.strictEqual(seen.turns[0]?.toolCalls[0]?.input, input, "what the model wrote is kept")
      assert.strictEqual(repeated(seen), "{}")
    }
  })
)

const levels = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`

const deep = variants(
  "P26",
  [
    ["100 levels", 100],
    ["10,000 levels", 10_000],
    ["100,000 levels", 100_000]
  ],
  (depth) => ({
    replies: calling(levels(depth)),
    look: (seen) => {
      if (depth > 128) return answeredWith("deeper than 128 levels")(seen)
      completed("completed", "completed")(seen)
      assert.deepStrictEqual(
        seen.ran.map((input) => JSON.stringify(input)),
        [levels(depth)]
      )
      assert.strictEqual(repeated(seen), levels(depth))
    }
  })
)

/** The model's own text is sent back unchanged. Values that JavaScript cannot represent reach no tool. */
const changed = variants<{ readonly input: string; readonly ran?: string; readonly sent?: string }>(
  "P27",
  [
    [
      "__proto__ is a key like any other",
      {
        input: '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
        ran: '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'
      }
    ],
    ["duplicate keys: the last one counts", { input: '{"a": 1, "a": 2}', ran: '{"a":2}' }],
    ["1e400 is no number of JavaScript", { input: '{"a": 1e400}' }],
    ["2^53 + 1", { input: '{"a": 9007199254740993}', ran: '{"a":9007199254740992}' }],
    ["NaN is no JSON", { input: '{"a": NaN}', sent: "{}" }]
  ],
  ({ input, ran, sent = input }) => ({
    replies: calling(input),
    look: (seen) => {
      if (ran === undefined) answeredWith("is not a JSON object")(seen)
      else completed("completed", "completed")(seen)
      assert.deepStrictEqual(
        seen.ran.map((value) => JSON.stringify(value)),
        ran === undefined ? [] : [ran]
      )
      assert.isFalse("polluted" in {})
      assert.strictEqual(repeated(seen), sent)
    }
  })
)

const complete = toolUse(1, "echo", '{"n":1}')
const truncated = toolUse(1, "echo", '{"n":1')
const cutOff = (...events: ReadonlyArray<typeof complete>) => ({
  body: [all(start(), ...text(0, "Let me "), ...events.flat(), ...stop("max_tokens"))]
})

/** No call of a truncated response is run, complete or not. The model is told and gets one more try. */
const cut = variants(
  "P16",
  [
    ["truncated input", [cutOff(truncated), { body: [answer("Shorter.")] }]],
    ["truncated input that happens to parse", [cutOff(complete), { body: [answer("Shorter.")] }]],
    [
      "a whole call before the truncated one",
      [cutOff(complete, toolUse(2, "echo", '{"n":')), { body: [answer("Shorter.")] }]
    ],
    ["twice in a row: the round stops", [cutOff(truncated), cutOff(truncated)]]
  ] satisfies ReadonlyArray<readonly [string, Scenario["replies"]]>,
  (replies) => ({
    replies,
    look: (seen) => {
      completed("completed", "completed")(seen)
      assert.isEmpty(seen.ran)
      for (const turn of seen.turns.filter(({ stop }) => stop === "length")) {
        assert.isNotEmpty(turn.toolCalls)
        for (const result of results(turn)) assert.match(result, /^NotExecuted: .*cut off at the output limit/)
      }
      const last = replies.at(-1)?.body.join("").includes("max_tokens") === true ? "length" : "end"
      assert.strictEqual(seen.round.stop, last)
      assert.lengthOf(seen.received, 2)
    }
  })
)

export const input = [...malformed, ...deep, ...changed, ...cut]
