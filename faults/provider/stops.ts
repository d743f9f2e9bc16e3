import { assert } from "@effect/vitest"
import { all, answer, delta, type Event, open, start, stop, text } from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, completed, failed, said, sent, variant, variants } from "./kit.ts"

const thinkingOnly: ReadonlyArray<Event> = [
  open(0, { type: "thinking", thinking: "", signature: "" }),
  delta(0, { type: "thinking_delta", thinking: "a thought without end" })
]

const truncated = variants<{ readonly events: ReadonlyArray<Event>; readonly words: string }>(
  "P17",
  [
    ["in text", { events: text(0, "This is not yet"), words: "This is not yet" }],
    ["in thinking", { events: thinkingOnly, words: "" }]
  ],
  ({ events, words }) => ({
    replies: [{ body: [all(start(), ...events, ...stop("max_tokens"))] }, { body: [answer("Go on.")] }],
    messages: ["hello", "go on"],
    look: ({ received, rounds }) => {
      // Text that was received is kept. Without any text there is no response.
      assert.strictEqual(rounds[0]?.status, words === "" ? "failed" : "completed")
      assert.strictEqual(rounds[0]?.turns[0]?.stop, "length")
      assert.strictEqual(said(rounds[0]?.turns[0]), words)
      assert.lengthOf(received, 2, "asked once per message")
      // Thinking without a signature is not sent back.
      assert.deepStrictEqual(
        blocksSent(received[1], "assistant").map(({ text, type }) => [type, text]),
        words === "" ? [] : [["text", words]]
      )
    }
  })
)

const declined = variant("P18", "is a specific failure that keeps the received text", {
  replies: [{ body: [all(start(), ...text(0, "I would rather "), ...stop("refusal"))] }],
  limits: { retries: 3 },
  look: (seen) => {
    failed("Refused")(seen)
    assert.lengthOf(seen.received, 1)
    assert.strictEqual(said(seen.turns[0]), "I would rather ")
  }
})

const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } }
const others = [
  variant("P19", "pause_turn: the response so far is sent back, and the model continues", {
    replies: [
      { body: [all(start(), ...text(0, "Searching."), open(1, search), ...stop("pause_turn"))] },
      { body: [answer("Found.")] }
    ],
    look: (seen) => {
      completed("completed", "completed")(seen)
      const { messages } = sent(seen.received[1])
      assert.deepStrictEqual(
        messages.map(({ role }) => role),
        ["user", "assistant"]
      )
      assert.deepStrictEqual(messages[1]?.content, [{ type: "text", text: "Searching." }, search])
    }
  }),
  variant("P19", "an unknown stop reason is not a success", {
    replies: [{ body: [all(start(), ...text(0, "And "), ...stop("moon_phase"))] }],
    limits: { retries: 3 },
    look: (seen) => {
      failed("UnknownStop")(seen)
      assert.include(seen.error?.message, "moon_phase")
      assert.lengthOf(seen.received, 1)
    }
  })
]

/** Empty responses are retried once. If the retry is empty too, there is no response, and nothing of it is sent back. */
const nothing = variants<ReadonlyArray<Event>>(
  "P20",
  [
    ["no block", []],
    ["an empty text block", text(0, "")],
    ["white space only", text(0, " \n", "\t")]
  ],
  (events) => ({
    replies: [
      ...Array.from({ length: 2 }, () => ({ body: [all(start(), ...events, ...stop("end_turn"))] })),
      { body: [answer("At last.")] }
    ],
    messages: ["hello", "anyone?"],
    look: ({ received, rounds }) => {
      assert.deepStrictEqual(
        rounds.map(({ failure, turns }) => [failure?.reason, turns.length]),
        [
          ["NoAnswer", 2],
          [undefined, 1]
        ]
      )
      assert.strictEqual(received[1]?.body, received[0]?.body)
      assert.isEmpty(blocksSent(received[2], "assistant"))
    }
  })
)

export const stops = [...truncated, declined, ...others, ...nothing]
