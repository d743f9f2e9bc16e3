import { all, delta, type Event, open, start, stop, text, toolUse } from "../../packages/provider/test/support/wire.ts"

/** A point at which a stream may break: what has been sent by then, and what of it a person may still read. */
export interface Phase {
  readonly name: string
  readonly events: ReadonlyArray<Event>
  readonly kept: string
}

const words = "Lost words "

export const afterHeaders: Phase = { name: "after the headers", events: [], kept: "" }
export const afterStart: Phase = { name: "after the message's start", events: [start()], kept: "" }

/** From (c) on there is content; (f) has all of it, and only the event that ends the message is missing. */
export const withContent: ReadonlyArray<Phase> = [
  {
    name: "in the middle of text",
    events: [start(), open(0, { type: "text", text: "" }), delta(0, { type: "text_delta", text: words })],
    kept: words
  },
  {
    name: "in the middle of thinking",
    events: [
      start(),
      ...text(0, words),
      open(1, { type: "thinking", thinking: "", signature: "" }),
      delta(1, { type: "thinking_delta", thinking: "a lost thought" })
    ],
    kept: words
  },
  {
    name: "in the middle of a tool's input",
    events: [
      start(),
      ...text(0, words),
      open(1, { type: "tool_use", id: "toolu_1", name: "echo", input: {} }),
      delta(1, { type: "input_json_delta", partial_json: '{"lost":' })
    ],
    kept: words
  },
  {
    name: "after the stop reason",
    events: [start(), ...text(0, words), ...toolUse(1, "echo", '{"lost":"call"}'), ...stop("tool_use").slice(0, 1)],
    kept: words
  }
]

/** What was sent up to a phase, as bytes. */
export const sentUpTo = ({ events }: Phase): string => all(...events)
