import type { UserBlock } from "@parley/domain/Content"
import { type Answer, call, type Problem, say, type Step, think } from "../../packages/harness/src/wires/Step.ts"

/** What a model answers, in order, and what must come of it with every provider. */
export interface Script {
  readonly name: string
  /** The responses, in order; a text is the status with which a request is refused. The last one is repeated. */
  readonly answers: ReadonlyArray<Answer | Problem>
  readonly messages?: ReadonlyArray<string | ReadonlyArray<UserBlock>>
  readonly retries?: number
  /** The end of each message's round. */
  readonly ends: ReadonlyArray<string>
  /** Providers whose API cannot express the script, and why. */
  readonly without?: { readonly [wire: string]: string }
}

const text = (...steps: ReadonlyArray<Step>): Answer => ({ steps })
const fine = text(say("Fine."))
const completed = "round completed: end"
const failed = (reason: string): string => `round failed: ${reason}`
const emoji = 'né 你好 👩‍👩‍👧 𝄞\r\n\u2028\\ "end"'
const png: UserBlock = { _tag: "Image", mediaType: "image/png", data: "iVBORw0KGgoAAAA=" }
const pdf: UserBlock = { _tag: "Document", mediaType: "application/pdf", data: "JVBERi0xLjc=", name: "a.pdf" }
const ask: UserBlock = { _tag: "Text", text: "What is this?" }
const whole = { Gemini: "its API sends a call only when it is complete" }

const refused = (problem: Problem, reason: string, more: Partial<Script> = {}): Script => ({
  name: `a request is refused: ${problem}`,
  answers: [problem],
  ends: [failed(reason)],
  ...more
})
const broken = (problem: Problem, reason: string): Script => ({
  name: `an error within the stream: ${problem}`,
  answers: [{ steps: [think("hm"), say("half")], problem }],
  ends: [failed(reason)]
})

export const scripts: ReadonlyArray<Script> = [
  { name: "a text", answers: [text(say("Hello."))], ends: [completed] },
  {
    name: "a text in many pieces",
    answers: [{ steps: [say("one two three ".repeat(50))], piece: 3 }],
    ends: [completed]
  },
  {
    name: "a text of every kind of character, one at a time",
    answers: [{ steps: [say(emoji)], piece: 1 }],
    ends: [completed]
  },
  { name: "a long text", answers: [{ steps: [say("0123456789 ".repeat(20_000))], piece: 1000 }], ends: [completed] },
  {
    name: "a text that looks like an event",
    answers: [text(say('data: {"error":1}\n\nevent: error\n\n[DONE]'))],
    ends: [completed]
  },
  { name: "thinking, then a text", answers: [text(think("Let me see."), say("Yes."))], ends: [completed] },
  {
    name: "thinking in pieces",
    answers: [{ steps: [think(emoji.repeat(20)), say("Yes.")], piece: 2 }],
    ends: [completed]
  },
  {
    name: "a long thought",
    answers: [{ steps: [think("so ".repeat(30_000)), say("Yes.")], piece: 999 }],
    ends: [completed]
  },
  { name: "one call", answers: [text(call("echo", '{"a":1}')), fine], ends: [completed] },
  { name: "a call without input", answers: [text(call("echo", "")), fine], ends: [completed] },
  {
    name: "two parallel calls",
    answers: [text(call("echo", '{"a":1}', "x"), call("echo", '{"b":2}', "y")), fine],
    ends: [completed]
  },
  {
    name: "ten parallel calls",
    answers: [text(...Array.from({ length: 10 }, (_, i) => call("echo", `{"n":${i}}`, `id_${i}`))), fine],
    ends: [completed]
  },
  { name: "a text, then a call", answers: [text(say("I look."), call("echo")), fine], ends: [completed] },
  {
    name: "thinking, a text and calls",
    answers: [text(think("hm"), say("I look."), call("echo", "{}", "x"), call("echo", "{}", "y")), fine],
    ends: [completed]
  },
  {
    name: "three turns of calls",
    answers: [
      text(call("echo", '{"n":1}')),
      text(think("so"), call("echo", '{"n":2}')),
      text(call("echo", '{"n":3}')),
      fine
    ],
    ends: [completed]
  },
  {
    name: "input that JavaScript would change",
    answers: [text(call("echo", '{"n":9007199254740993,"x":1.0,"e":"\\u00e9"}')), fine],
    ends: [completed]
  },
  {
    name: "input of every kind of character",
    answers: [text(call("echo", JSON.stringify({ [emoji]: [emoji, null, true, { a: {} }] }))), fine],
    ends: [completed]
  },
  {
    name: "input in pieces",
    answers: [{ steps: [call("echo", JSON.stringify({ a: emoji.repeat(10) }))], piece: 1 }, fine],
    ends: [completed]
  },
  {
    name: "long input",
    answers: [{ steps: [call("echo", JSON.stringify({ a: "x".repeat(200_000) }))], piece: 5000 }, fine],
    ends: [completed]
  },
  {
    name: "input with many levels",
    answers: [text(call("echo", `${'{"a":'.repeat(200)}1${"}".repeat(200)}`)), fine],
    ends: [completed]
  },
  { name: "a call of a tool that does not exist", answers: [text(call("missing")), fine], ends: [completed] },
  { name: "a call of a tool whose name begins with a digit", answers: [text(call("9lives")), fine], ends: [completed] },
  {
    name: "an id that is repeated",
    answers: [
      text(call("echo", '{"a":1}', "x"), say("and"), call("9lives", "{}", "z")),
      text(call("echo", '{"a":2}', "x")),
      fine
    ],
    ends: [completed]
  },
  {
    name: "two messages",
    answers: [text(think("a"), say("One.")), text(say("Two."))],
    messages: ["one", "two"],
    ends: [completed, completed]
  },
  {
    name: "a message after a call",
    answers: [text(call("echo")), fine, text(say("Again."))],
    messages: ["one", "two"],
    ends: [completed, completed]
  },
  { name: "an image", answers: [fine], messages: [[ask, png]], ends: [completed] },
  { name: "a document", answers: [fine], messages: [[pdf, ask]], ends: [completed] },
  { name: "an image, then a call", answers: [text(call("echo")), fine], messages: [[png, ask]], ends: [completed] },
  {
    name: "counts of tokens",
    answers: [{ steps: [say("x")], tokens: { input: 272_001, cached: 270_000, output: 12_345 } }],
    ends: [completed]
  },
  {
    name: "the output limit in a text",
    answers: [{ steps: [say("half")], stop: "length" }],
    ends: ["round completed: length"]
  },
  {
    name: "the output limit in a thought",
    answers: [{ steps: [think("half")], stop: "length" }],
    ends: [failed("NoAnswer")]
  },
  {
    name: "the output limit after a call",
    answers: [{ steps: [call("echo")], stop: "length" }, fine],
    ends: [completed]
  },
  {
    name: "the output limit within input",
    answers: [{ steps: [call("echo", '{"a":"b')], stop: "length" }, fine],
    ends: [completed],
    without: whole
  },
  { name: "input that is not JSON", answers: [text(call("echo", '{"a":')), fine], ends: [completed], without: whole },
  { name: "a refusal", answers: [{ steps: [say("I cannot.")], stop: "refusal" }], ends: [failed("Refused")] },
  {
    name: "a refusal without words, then another message",
    answers: [{ steps: [], stop: "refusal" }, fine],
    messages: ["one", "two"],
    ends: [failed("Refused"), completed]
  },
  {
    name: "an unknown reason to stop",
    answers: [{ steps: [say("half")], stop: "other" }],
    ends: [failed("UnknownStop")]
  },
  { name: "an empty response", answers: [text()], ends: [failed("NoAnswer")] },
  { name: "white space", answers: [text(say(" \n "))], ends: [failed("NoAnswer")] },
  refused("key", "Unauthorized"),
  refused("forbidden", "Unauthorized"),
  refused("model", "UnknownModel", { without: { "effect/ai": "its errors have no reason for it" } }),
  refused("rate", "RateLimited"),
  refused("quota", "QuotaExhausted"),
  refused("overloaded", "Overloaded"),
  refused("internal", "Overloaded"),
  refused("invalid", "InvalidRequest"),
  refused("overflow", "ContextOverflow"),
  broken("rate", "RateLimited"),
  broken("overloaded", "Overloaded"),
  broken("internal", "Overloaded"),
  broken("overflow", "ContextOverflow"),
  {
    name: "an end before the last event",
    answers: [{ steps: [say("half")], ends: "early" }],
    ends: [failed("StreamBroken")]
  },
  {
    name: "an end within a call's turn",
    answers: [{ steps: [say("half"), call("echo")], ends: "early" }],
    ends: [failed("StreamBroken")]
  },
  {
    name: "a socket that is cut",
    answers: [{ steps: [think("hm"), say("half")], ends: "cut" }],
    ends: [failed("StreamBroken")]
  },
  {
    name: "a socket that is reset",
    answers: [{ steps: [say("half")], ends: "reset" }],
    ends: [failed("StreamBroken")]
  },
  {
    name: "a message after a failure",
    answers: [{ steps: [say("half")], ends: "cut" }, fine],
    messages: ["one", "two"],
    ends: [failed("StreamBroken"), completed]
  },
  {
    name: "a failure after a call, then another message",
    answers: [text(think("hm"), call("echo")), "key", fine],
    messages: ["one", "two"],
    ends: [failed("Unauthorized"), completed]
  }
]
