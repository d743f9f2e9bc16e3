import { assert, describe, it } from "@effect/vitest"
import type { Reply } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { call, counted, gemini, parts, says, stops, thinks } from "./support/Gemini.ts"
import { answered, data, done, summary } from "./support/OpenAi.ts"

interface Row {
  readonly trap: string
  readonly body: ReadonlyArray<string | Uint8Array>
  readonly reply?: Reply
  readonly blocks?: ReadonlyArray<string>
  readonly end: string
  readonly detail?: RegExp
}

const json = { headers: { "content-type": "application/json" } }
const event = (text: string): object => ({ candidates: [{ content: { role: "model", parts: [{ text }] } }] })
const failed = (status: string, code: number, message = "scripted"): string =>
  data({ error: { code, message, status } })

const refusals = ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"].map(
  (reason): Row => ({
    trap: `a response that is stopped because of ${reason}`,
    body: [says("half"), stops(reason)],
    blocks: ["half"],
    end: "refusal",
    detail: new RegExp(`^${reason}$`)
  })
)
const unreadable = ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"].map((reason): Row => ({
  trap: `output that the API cannot read: ${reason}`,
  body: [says("half"), stops(reason, { finishMessage: "print(x)" })],
  blocks: ["half"],
  end: "StreamBroken",
  detail: new RegExp(`could not be read \\(${reason}: print`)
}))

/** What the API and servers that follow it send, and what must come of it. */
const rows: ReadonlyArray<Row> = [
  ...refusals,
  ...unreadable,
  { trap: "a text in pieces", body: [says("Hel"), says("lo"), stops("STOP")], blocks: ["Hello"], end: "end" },
  {
    trap: "calls without ids, with the reason STOP",
    body: [parts(call("a", { k: 1 })), parts(call("b", { m: 2 })), stops("STOP")],
    blocks: ['call_1 a {"k":1}', 'call_2 b {"m":2}'],
    end: "tool-calls"
  },
  {
    trap: "parallel calls in one event, some with ids",
    body: [parts(call("a", { k: 1 }, { id: "x" }), call("a", { k: 2 })), stops("STOP")],
    blocks: ['x a {"k":1}', 'call_2 a {"k":2}'],
    end: "tool-calls"
  },
  {
    trap: "a call without input",
    body: [parts(call("a", undefined)), stops("STOP")],
    blocks: ["call_1 a {}"],
    end: "tool-calls"
  },
  {
    trap: "input that JavaScript would change",
    body: [
      `data: {"candidates":[{"content":{"parts":[{"text":"]}"},{"functionCall":{"name":"a","args":{"n":9007199254740993,"n":1.0}}}]},"finishReason":"STOP"}]}\n\n`
    ],
    blocks: ["]}", 'call_1 a {"n":9007199254740993,"n":1.0}'],
    end: "tool-calls"
  },
  {
    trap: "a call without a name",
    body: [parts({ functionCall: { args: {} } })],
    end: "StreamBroken",
    detail: /no name/
  },
  {
    trap: "a call with the reason FUNCTION_CALL",
    body: [parts(call("a", {})), stops("FUNCTION_CALL")],
    blocks: ["call_1 a {}"],
    end: "tool-calls"
  },
  {
    trap: "a call before the output limit",
    body: [parts(call("a", {})), stops("MAX_TOKENS")],
    blocks: ["call_1 a {}"],
    end: "length"
  },
  {
    trap: "a call of a tool that takes code",
    body: [parts({ executableCode: { code: "1" } }), stops("STOP")],
    blocks: ["Opaque"],
    end: "end"
  },
  {
    trap: "a result that only we may send",
    body: [parts({ functionResponse: { name: "a" } })],
    end: "StreamBroken",
    detail: /result of a function/
  },
  {
    trap: "content of a user",
    body: [data({ candidates: [{ content: { role: "user", parts: [{ text: "x" }] } }] })],
    end: "StreamBroken",
    detail: /role user/
  },
  {
    trap: "thoughts, then text",
    body: [thinks("hm"), thinks(", so"), says("x"), stops("STOP")],
    blocks: ["(hm, so)", "x"],
    end: "end"
  },
  {
    trap: "a text between thoughts",
    body: [thinks("a"), says("x"), thinks("b"), says("y"), stops("STOP")],
    blocks: ["(a)", "x", "(b)", "y"],
    end: "end"
  },
  {
    trap: "an end without a finish reason",
    body: [says("half")],
    blocks: ["half"],
    end: "StreamBroken",
    detail: /before the message was complete/
  },
  {
    trap: "a finish reason with each event",
    body: [says("a"), stops("STOP"), says("b"), stops("STOP")],
    blocks: ["ab"],
    end: "end"
  },
  {
    trap: "a later reason that counts",
    body: [says("a"), stops("STOP"), stops("SAFETY")],
    blocks: ["a"],
    end: "refusal"
  },
  {
    trap: "a signature after the finish reason",
    body: [says("a"), stops("STOP"), says("", { thoughtSignature: "c2ln" })],
    blocks: ["a", "()"],
    end: "end"
  },
  { trap: "an unknown reason", body: [says("x"), stops("MAGIC")], blocks: ["x"], end: "other", detail: /^MAGIC$/ },
  { trap: "too many calls for the API", body: [stops("TOO_MANY_TOOL_CALLS")], end: "other" },
  { trap: "a missing signature", body: [stops("MISSING_THOUGHT_SIGNATURE")], end: "InvalidRequest", detail: /MISSING/ },
  {
    trap: "a prompt that is blocked",
    body: [data({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, usageMetadata: { promptTokenCount: 4 } })],
    end: "refusal",
    detail: /^the prompt was blocked: PROHIBITED_CONTENT$/
  },
  {
    trap: "the categories of a blocked response",
    body: [stops("SAFETY", { safetyRatings: [{ category: "HARM_X", blocked: true }, { category: "HARM_Y" }, null] })],
    end: "refusal",
    detail: /^SAFETY: HARM_X$/
  },
  {
    trap: "an error within the stream",
    body: [says("half"), failed("UNAVAILABLE", 503)],
    blocks: ["half"],
    end: "Overloaded"
  },
  {
    trap: "an error without a code",
    body: [data({ error: { status: "RESOURCE_EXHAUSTED", message: "x" } })],
    end: "RateLimited"
  },
  {
    trap: "an error that is a text",
    body: [data({ error: "worker died" })],
    end: "StreamBroken",
    detail: /worker died/
  },
  {
    trap: "an overflow within the stream",
    body: [
      failed(
        "INVALID_ARGUMENT",
        400,
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
      )
    ],
    end: "ContextOverflow"
  },
  {
    trap: "an error with status 200",
    body: ['{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"slow"}}'],
    reply: json,
    end: "RateLimited"
  },
  {
    trap: "a list of one error with status 200",
    body: ['[{"error":{"code":503,"status":"UNAVAILABLE","message":"x"}}]'],
    reply: json,
    end: "Overloaded"
  },
  {
    trap: "a server that ignores alt=sse",
    body: [
      "[",
      JSON.stringify(event("a")),
      "\n,\r\n",
      '{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}',
      "\n]"
    ],
    reply: json,
    blocks: ["ab"],
    end: "end"
  },
  {
    trap: "such a list without a finish reason",
    body: [`[${JSON.stringify(event("a"))}`],
    reply: json,
    blocks: ["a"],
    end: "StreamBroken",
    detail: /before the message was complete/
  },
  {
    trap: "text that only begins like a list",
    body: ["[}oops"],
    reply: json,
    end: "StreamBroken",
    detail: /not an event stream: \[\}oops/
  },
  {
    trap: "a page with status 200",
    body: ["<html>login</html>"],
    reply: { headers: { "content-type": "text/html" } },
    end: "StreamBroken",
    detail: /not an event stream: <html>login/
  },
  { trap: "an empty response", body: [], end: "StreamBroken", detail: /empty/ },
  {
    trap: "an event that is not JSON",
    body: [says("a"), "data: {oops\n\n"],
    blocks: ["a"],
    end: "StreamBroken",
    detail: /not JSON: \{oops/
  },
  { trap: "[DONE] of a proxy", body: [says("a"), stops("STOP"), done], blocks: ["a"], end: "end" },
  { trap: "[DONE] without a finish reason", body: [says("a"), done], blocks: ["a"], end: "StreamBroken" },
  {
    trap: "CRLF, comments and no space after data:",
    body: [": x\r\n\r\n", (says("a") + stops("STOP")).replaceAll("data: ", "data:").replaceAll("\n", "\r\n")],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "a last event without its blank line",
    body: [says("a"), stops("STOP").trimEnd()],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "null in place of what is absent",
    body: [
      data({
        candidates: [null, { content: null, finishReason: null }],
        usageMetadata: null,
        promptFeedback: null,
        error: null
      }),
      says("a"),
      stops("STOP")
    ],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "an empty part and a null part",
    body: [parts({}), data({ candidates: [{ content: { parts: [null, { text: "a" }] } }] }), stops("STOP")],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "a second candidate",
    body: [
      data({
        candidates: [
          { content: { parts: [{ text: "a" }] }, finishReason: "STOP" },
          { content: { parts: [{ text: "b" }] } }
        ]
      })
    ],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "a socket that is cut",
    body: [says("half")],
    reply: { last: "cut" },
    blocks: ["half"],
    end: "StreamBroken",
    detail: /connection broke/
  },
  {
    trap: "a socket that is reset",
    body: [says("half")],
    reply: { last: "reset" },
    blocks: ["half"],
    end: "StreamBroken",
    detail: /connection broke/
  },
  {
    trap: "a server that does not end the response",
    body: [says("a"), stops("STOP")],
    reply: { last: "hang" },
    blocks: ["a"],
    end: "end"
  }
]

describe("wire traps of the Gemini API, through a real socket", () => {
  for (const { blocks = [], body, detail, end, reply, trap } of rows)
    it.live(trap, () =>
      Effect.gen(function* () {
        const turn = yield* answered(gemini, body, reply).pipe(
          Effect.timeoutOption("60 seconds"),
          Effect.map(Option.getOrUndefined)
        )
        if (turn === undefined) return assert.fail("the response did not end")
        assert.deepStrictEqual(summary(turn), { blocks: [...blocks], end, malformed: undefined })
        if (detail !== undefined) assert.match(turn.error?.reason.detail ?? turn.finish?.detail ?? "", detail)
      })
    )
})

describe("the usage of a Gemini response", () => {
  it.live("counts cached tokens apart, and thoughts as output", () =>
    Effect.gen(function* () {
      const usage = { promptTokenCount: 9, cachedContentTokenCount: 6, candidatesTokenCount: 4, thoughtsTokenCount: 5 }
      const tools = { ...usage, toolUsePromptTokenCount: 2 }
      const turn = yield* answered(gemini, [
        says("a"),
        counted(usage),
        says("b"),
        counted(usage),
        stops("STOP"),
        counted(tools)
      ])
      assert.deepStrictEqual(turn.finish, {
        _tag: "Finish",
        stop: "end",
        usage: { inputTokens: 5, outputTokens: 9, cacheReadTokens: 6, cacheWriteTokens: 0 },
        responseId: "g1"
      })
      assert.lengthOf(
        turn.arrays.flat().filter(({ _tag }) => _tag === "UsageSoFar"),
        2,
        "usage that is repeated is not progress"
      )
    })
  )
})
