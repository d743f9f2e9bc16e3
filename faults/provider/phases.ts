import { all, delta, type Event, open, start, stop, text, toolUse } from "../../packages/harness/src/provider/wire.ts"

/** A point at which a stream may break: the events sent so far, and the text that is kept for the user. */
export interface Phase {
  readonly name: string
  readonly events: ReadonlyArray<Event>
  readonly kept: string
}

const words = "Lost words "

export const afterHeaders: Phase = { name: "after the headers", events: [], kept: "" }
export const afterStart: Phase = { name: "after the message's start", events: [start()], kept: "" }

/** The phases with content, (c) to (f). In (f) all content was sent, and only the event that ends the message is missing. */
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

/** The data that was sent up to a phase. */
export const sentUpTo = ({ events }: Phase): string => all(...events)
