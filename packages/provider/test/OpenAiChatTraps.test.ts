import { assert, describe, it } from "@effect/vitest"
import type { Reply } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import { answered, calls, chat, chunk, data, done, ends, summary, usage, words } from "./support/OpenAi.ts"

interface Row {
  readonly trap: string
  readonly body: ReadonlyArray<string | Uint8Array>
  readonly reply?: Reply
  readonly blocks?: ReadonlyArray<string>
  readonly end: string
  readonly detail?: RegExp
}

const call = (fields: object, name: string | undefined, input: string): object => ({
  ...fields,
  function: { ...(name === undefined ? {} : { name }), arguments: input }
})
const finish = [ends("tool_calls"), done]

/** What servers send that differs from the API's description, and what must come of it. */
const rows: ReadonlyArray<Row> = [
  {
    trap: "a call in pieces, marked by its index",
    body: [
      calls(call({ index: 0, id: "x", type: "function" }, "a", "")),
      calls(call({ index: 0 }, undefined, '{"k"')),
      calls(call({ index: 0 }, undefined, ":1}")),
      ...finish
    ],
    blocks: ['x a {"k":1}'],
    end: "tool-calls"
  },
  {
    trap: "two calls whose pieces alternate",
    body: [
      calls(call({ index: 0, id: "x" }, "a", "{"), call({ index: 1, id: "y" }, "b", "{")),
      calls(call({ index: 1 }, undefined, '"m":2}')),
      calls(call({ index: 0 }, undefined, '"k":1}')),
      ...finish
    ],
    blocks: ['x a {"k":1}', 'y b {"m":2}'],
    end: "tool-calls"
  },
  {
    trap: "no id and no index (Gemini's compatible API)",
    body: [calls(call({}, "a", "{}")), calls(call({}, "b", '{"m":2}')), ends("stop"), done],
    blocks: ["call_1 a {}", 'call_2 b {"m":2}'],
    end: "tool-calls"
  },
  {
    trap: "no id and no index, the same tool twice",
    body: [calls(call({}, "a", '{"k":1}')), calls(call({}, "a", '{"k":2}')), ends("stop"), done],
    blocks: ['call_1 a {"k":1}', 'call_2 a {"k":2}'],
    end: "tool-calls"
  },
  {
    trap: "no id and no index, both calls in one chunk, input in pieces",
    body: [
      calls(call({}, "a", "{"), call({}, "a", "{")),
      calls(call({}, undefined, '"k":1}'), call({}, undefined, '"k":2}')),
      ...finish
    ],
    blocks: ['call_1 a {"k":1}', 'call_2 a {"k":2}'],
    end: "tool-calls"
  },
  {
    trap: "the same index for two ids (older versions of vLLM and Ollama)",
    body: [
      calls(call({ index: 0, id: "x" }, "a", '{"k":1}')),
      calls(call({ index: 0, id: "y" }, "a", '{"k":2}')),
      ...finish
    ],
    blocks: ['x a {"k":1}', 'y a {"k":2}'],
    end: "tool-calls"
  },
  {
    trap: "the same index for two names without ids",
    body: [
      calls(call({ index: 0 }, "a", '{"k":1}')),
      calls(call({ index: 0 }, "b", "")),
      calls(call({ index: 0 }, undefined, '{"k":2}')),
      ...finish
    ],
    blocks: ['call_1 a {"k":1}', 'call_2 b {"k":2}'],
    end: "tool-calls"
  },
  {
    trap: "ids without an index (Ollama)",
    body: [
      calls(call({ id: "x" }, "a", '{"k":')),
      calls(call({ id: "y" }, "b", '{"m":')),
      calls(call({ id: "x" }, undefined, "1}")),
      calls(call({ id: "y" }, undefined, "2}")),
      ...finish
    ],
    blocks: ['x a {"k":1}', 'y b {"m":2}'],
    end: "tool-calls"
  },
  {
    trap: "an index without an id",
    body: [calls(call({ index: 0 }, "a", '{"k"')), calls(call({ index: 0 }, undefined, ":1}")), ...finish],
    blocks: ['call_1 a {"k":1}'],
    end: "tool-calls"
  },
  {
    trap: "the id repeated in every delta, with an empty name",
    body: [calls(call({ index: 0, id: "x" }, "a", '{"k"')), calls(call({ index: 0, id: "x" }, "", ":1}")), ...finish],
    blocks: ['x a {"k":1}'],
    end: "tool-calls"
  },
  {
    trap: "the id before the name, and null for what is absent",
    body: [
      calls({ index: 0, id: "x", function: { name: null, arguments: null } }),
      calls({ index: 0, id: null, function: { name: "a", arguments: "{}" } }),
      ...finish
    ],
    blocks: ["x a {}"],
    end: "tool-calls"
  },
  {
    trap: "input as an object",
    body: [calls({ index: 0, id: "x", function: { name: "a", arguments: { k: 1 } } }), ...finish],
    blocks: ['x a {"k":1}'],
    end: "tool-calls"
  },
  {
    trap: "no input at all",
    body: [calls({ index: 0, id: "x", function: { name: "a" } }), ...finish],
    blocks: ["x a {}"],
    end: "tool-calls"
  },
  {
    trap: "calls although the finish reason is stop",
    body: [words("Let me see."), calls(call({ index: 0, id: "x" }, "a", "{}")), ends("stop"), done],
    blocks: ["Let me see.", "x a {}"],
    end: "tool-calls"
  },
  {
    trap: "a call cut off by the output limit",
    body: [calls(call({ index: 0, id: "x" }, "a", '{"k":"v')), ends("length"), done],
    blocks: ['x a {"k":"v'],
    end: "length"
  },
  {
    trap: "a call without a name",
    body: [calls({ index: 0, id: "x", function: { arguments: "{}" } }), ...finish],
    end: "StreamBroken",
    detail: /no name/
  },
  {
    trap: "an end without [DONE] and without a finish reason",
    body: [words("half")],
    blocks: ["half"],
    end: "StreamBroken",
    detail: /ended before the message was complete/
  },
  {
    trap: "[DONE] without a finish reason",
    body: [words("half"), done],
    blocks: ["half"],
    end: "StreamBroken",
    detail: /without a finish reason/
  },
  { trap: "a finish reason without [DONE]", body: [words("all"), ends("stop")], blocks: ["all"], end: "end" },
  {
    trap: "a last chunk without its blank line",
    body: [words("all"), ends("stop").trimEnd()],
    blocks: ["all"],
    end: "end"
  },
  {
    trap: "an error within the stream, with a status as its code",
    body: [words("half"), data({ error: { message: "overloaded", code: 503 } })],
    blocks: ["half"],
    end: "Overloaded",
    detail: /HTTP 503: overloaded/
  },
  {
    trap: "an error beside an empty choice (OpenRouter)",
    body: [
      words("half"),
      data({
        id: "c1",
        error: { code: "429", message: "slow down" },
        choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }]
      })
    ],
    blocks: ["half"],
    end: "RateLimited"
  },
  {
    trap: "an error with a type",
    body: [data({ error: { message: "no credit", type: "insufficient_quota", code: null } })],
    end: "QuotaExhausted"
  },
  {
    trap: "an error that is a text",
    body: [data({ error: "model runner has stopped" })],
    end: "StreamBroken",
    detail: /model runner/
  },
  {
    trap: "an error as the chunk itself (vLLM)",
    body: [data({ object: "error", message: "bad prompt", type: "BadRequestError", code: 400 })],
    end: "InvalidRequest"
  },
  {
    trap: "a context overflow within the stream",
    body: [
      data({ error: { message: "the request exceeds the available context size", type: "exceed_context_size_error" } })
    ],
    end: "ContextOverflow"
  },
  { trap: "the finish reason error", body: [words("half"), ends("error"), done], blocks: ["half"], end: "Overloaded" },
  {
    trap: "an unknown finish reason",
    body: [words("x"), ends("magic"), done],
    blocks: ["x"],
    end: "other",
    detail: /magic/
  },
  { trap: "a filtered response", body: [words("x"), ends("content_filter"), done], blocks: ["x"], end: "refusal" },
  {
    trap: "a refusal",
    body: [chunk({ refusal: "I " }), chunk({ refusal: "cannot." }), ends("stop"), done],
    blocks: ["I cannot."],
    end: "refusal",
    detail: /I cannot/
  },
  {
    trap: "reasoning as reasoning_content, usage after the finish reason",
    body: [
      chunk({ reasoning_content: "h" }),
      chunk({ reasoning_content: "m" }),
      words("x"),
      ends("stop"),
      usage(9, 1),
      done
    ],
    blocks: ["(hm)", "x"],
    end: "end"
  },
  {
    trap: "reasoning as reasoning, and content that is empty or null",
    body: [
      chunk({ role: "assistant", content: "", reasoning: "hm" }),
      chunk({ content: null }),
      words("x"),
      ends("stop"),
      done
    ],
    blocks: ["(hm)", "x"],
    end: "end"
  },
  {
    trap: "content as a list of parts (Mistral)",
    body: [
      chunk({ content: [{ type: "text", text: "a" }, { type: "reference" }, { type: "text", text: "b" }] }),
      ends("stop"),
      done
    ],
    blocks: ["ab"],
    end: "end"
  },
  {
    trap: "comments that keep the connection alive (OpenRouter)",
    body: [": OPENROUTER PROCESSING\n\n", words("a"), ": OPENROUTER PROCESSING\n\n", ends("stop"), done],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "no space after data:, and CRLF",
    body: [words("a").replaceAll("data: ", "data:").replaceAll("\n", "\r\n"), ends("stop"), done],
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "a line that is not JSON",
    body: [words("a"), "data: {oops\n\n", words("b")],
    blocks: ["a"],
    end: "StreamBroken",
    detail: /not JSON: \{oops/
  },
  {
    trap: "a page with status 200",
    body: ["<html>login</html>"],
    reply: { headers: { "content-type": "text/html" } },
    end: "StreamBroken",
    detail: /not an event stream: <html>login/
  },
  {
    trap: "an error with status 200",
    body: ['{"error":{"message":"slow","type":"rate_limit_exceeded"}}'],
    reply: { headers: { "content-type": "application/json" } },
    end: "RateLimited"
  },
  { trap: "an empty response", body: [], end: "StreamBroken", detail: /empty/ },
  {
    trap: "a socket that is cut",
    body: [words("half")],
    reply: { last: "cut" },
    blocks: ["half"],
    end: "StreamBroken",
    detail: /connection broke/
  },
  {
    trap: "a socket that is reset",
    body: [words("half")],
    reply: { last: "reset" },
    blocks: ["half"],
    end: "StreamBroken",
    detail: /connection broke/
  },
  {
    trap: "a server that does not end the response",
    body: [words("a"), ends("stop"), done],
    reply: { last: "hang" },
    blocks: ["a"],
    end: "end"
  },
  {
    trap: "an unknown field and a chunk without choices",
    body: [data({ id: "c1", choices: [], x: { y: 1 } }), words("a"), ends("stop"), done],
    blocks: ["a"],
    end: "end"
  },
  { trap: "content after [DONE]", body: [words("a"), ends("stop"), done, words("b")], blocks: ["a"], end: "end" }
]

describe("wire traps of Chat Completions servers, through the real SDK and a real socket", () => {
  for (const { blocks = [], body, detail, end, reply, trap } of rows)
    it.live(trap, () =>
      Effect.gen(function* () {
        const turn = yield* answered(chat, body, reply)
        assert.deepStrictEqual(summary(turn), { blocks: [...blocks], end, malformed: undefined })
        if (detail !== undefined) assert.match(turn.error?.reason.detail ?? turn.finish?.detail ?? "", detail)
      })
    )
})

describe("the usage of a Chat Completions response", () => {
  it.live("comes in a chunk without choices; cached tokens are part of the prompt", () =>
    Effect.gen(function* () {
      const last = usage(9, 4, { prompt_tokens_details: { cached_tokens: 6 } })
      const turn = yield* answered(chat, [words("a"), ends("stop"), last, done])
      assert.deepStrictEqual(turn.finish, {
        _tag: "Finish",
        stop: "end",
        usage: { inputTokens: 3, outputTokens: 4, cacheReadTokens: 6, cacheWriteTokens: 0 },
        responseId: "c1"
      })
    })
  )
  it.live("is zero if the server reports none or nonsense", () =>
    Effect.gen(function* () {
      const turn = yield* answered(chat, [
        words("a"),
        ends("stop"),
        data({ usage: { prompt_tokens: -1, completion_tokens: "x" } }),
        done
      ])
      assert.deepStrictEqual(turn.finish?.usage, {
        inputTokens: 0,
        outputTokens: 0,
        cacheReadTokens: 0,
        cacheWriteTokens: 0
      })
    })
  )
})
