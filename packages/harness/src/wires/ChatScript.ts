import * as OpenAiChat from "@parley/provider/OpenAiChat"
import * as Redacted from "effect/Redacted"
import { openAiError, openAiProblems } from "./OpenAiProblems.ts"
import { data, json, pieces, type Step, type Wire } from "./Step.ts"

const stops = { end: "stop", "tool-calls": "tool_calls", length: "length", refusal: "content_filter", other: "magic" }

const chunk = (delta: object, finish_reason: string | null = null): string =>
  data({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }]
  })

const step = (one: Step, index: number, piece: number): ReadonlyArray<string> => {
  switch (one._tag) {
    case "Think":
      return pieces(one.text, piece).map((reasoning_content) => chunk({ reasoning_content }))
    case "Say":
      return pieces(one.text, piece).map((content) => chunk({ content }))
    case "Own":
      return []
    case "Call":
      return [
        chunk({ tool_calls: [{ index, id: one.id, type: "function", function: { name: one.name, arguments: "" } }] }),
        ...pieces(one.input, piece).map((text) => chunk({ tool_calls: [{ index, function: { arguments: text } }] }))
      ]
  }
}

/** A Chat Completions API. */
export const chat: Wire = {
  name: "OpenAI Chat",
  make: (baseUrl, id = "chat") =>
    OpenAiChat.make({ id, apiKey: Redacted.make("key-of-chat"), baseUrl, defaultModel: "fake" }),
  encode: ({ piece, problem = "overloaded", steps, stop, tokens }) => ({
    head: [chunk({ role: "assistant", content: "" })],
    steps: steps.flatMap((one, index) => step(one, index, piece)),
    problem: data(openAiError(problem)),
    tail: [
      chunk({}, stops[stop]),
      data({
        id: "c1",
        choices: [],
        usage: {
          prompt_tokens: tokens.input,
          completion_tokens: tokens.output,
          prompt_tokens_details: { cached_tokens: tokens.cached }
        }
      }),
      "data: [DONE]\n\n"
    ]
  }),
  refuse: (problem) => json(openAiProblems[problem][0], openAiError(problem))
}
