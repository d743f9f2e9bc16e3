import { assert } from "@effect/vitest"
import {
  all,
  answer,
  close,
  delta,
  type Event,
  open,
  start,
  stop,
  text
} from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, completed, type SentBlock, variants } from "./kit.ts"

const thought = (index: number, thinking: string, signature: string): ReadonlyArray<Event> => [
  open(index, { type: "thinking", thinking: "", signature: "" }),
  delta(index, { type: "thinking_delta", thinking }),
  ...(signature === "" ? [] : [delta(index, { type: "signature_delta", signature })]),
  close(index)
]
const redacted = { type: "redacted_thinking", data: "bm90aGluZyB0byBzZWU=" }

/** Thinking is sent back unchanged and in its original order. Thinking that the API would not accept is omitted. */
export const thinking = variants<{ readonly events: ReadonlyArray<Event>; readonly back: ReadonlyArray<SentBlock> }>(
  "P38",
  [
    [
      "without a signature",
      {
        events: [...thought(0, "unsigned", ""), ...text(1, "Words.")],
        back: [{ type: "text", text: "Words." }]
      }
    ],
    [
      "between and behind words",
      {
        events: [
          ...text(0, "First."),
          ...thought(1, "hm\u{1D11E} \u0000", "sig=="),
          ...text(2, "Then."),
          ...thought(3, "so", "s2")
        ],
        back: [
          { type: "text", text: "First." },
          { type: "thinking", thinking: "hm\u{1D11E} \u0000", signature: "sig==" },
          { type: "text", text: "Then." },
          { type: "thinking", thinking: "so", signature: "s2" }
        ]
      }
    ],
    [
      "redacted",
      {
        events: [open(0, redacted), close(0), ...text(1, "Words.")],
        back: [redacted, { type: "text", text: "Words." }]
      }
    ]
  ],
  ({ back, events }) => ({
    replies: [{ body: [all(start(), ...events, ...stop("end_turn"))] }, { body: [answer("Next.")] }],
    messages: ["hello", "next"],
    look: (seen) => {
      completed("completed")(seen)
      assert.deepStrictEqual(blocksSent(seen.received[1], "assistant"), back)
    }
  })
)
