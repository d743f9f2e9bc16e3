import * as Anthropic from "@parley/provider/Anthropic"
import * as Redacted from "effect/Redacted"
import { close, delta, type Event, open, sse, start, stop } from "../provider/wire.ts"
import { json, overflow, pieces, type Problem, type Step, type Wire } from "./Step.ts"

const stops = { end: "end_turn", "tool-calls": "tool_use", length: "max_tokens", refusal: "refusal", other: "magic" }

const problems: { readonly [P in Problem]: readonly [status: number, type: string, message: string] } = {
  rate: [429, "rate_limit_error", "slow down"],
  quota: [400, "invalid_request_error", "Your credit balance is too low to access the API"],
  overloaded: [529, "overloaded_error", "Overloaded"],
  internal: [500, "api_error", "Internal server error"],
  key: [401, "authentication_error", "invalid x-api-key"],
  forbidden: [403, "permission_error", "not allowed"],
  model: [404, "not_found_error", "model: fake"],
  invalid: [400, "invalid_request_error", "metadata.user_id: a string is expected"],
  overflow: [400, "invalid_request_error", overflow]
}

const errorOf = (problem: Problem): Event => {
  const [, type, message] = problems[problem]
  return { type: "error", error: { type, message } }
}

const step = (one: Step, index: number, piece: number, signature: string): ReadonlyArray<Event> => {
  switch (one._tag) {
    case "Think":
      return [
        open(index, { type: "thinking", thinking: "", signature: "" }),
        ...pieces(one.text, piece).map((thinking) => delta(index, { type: "thinking_delta", thinking })),
        delta(index, { type: "signature_delta", signature }),
        close(index)
      ]
    case "Say":
      return [
        open(index, { type: "text", text: "" }),
        ...pieces(one.text, piece).map((text) => delta(index, { type: "text_delta", text })),
        close(index)
      ]
    case "Own":
      return [
        open(index, { type: "server_tool_use", id: `srvtoolu_${index}`, name: "web_search", input: {} }),
        close(index)
      ]
    case "Call":
      return [
        open(index, { type: "tool_use", id: one.id, name: one.name, input: {} }),
        ...pieces(one.input, piece).map((partial_json) => delta(index, { type: "input_json_delta", partial_json })),
        close(index)
      ]
  }
}

/** The Messages API of Anthropic. */
export const messages: Wire = {
  name: "Anthropic",
  make: (baseUrl, id = "anthropic") =>
    Anthropic.make({ id, apiKey: Redacted.make("key-of-anthropic"), baseUrl, defaultModel: "fake" }),
  encode: ({ mark, piece, problem = "overloaded", steps, stop: reason, tokens }) => ({
    head: [
      sse(
        start({ input_tokens: tokens.input - tokens.cached, cache_read_input_tokens: tokens.cached, output_tokens: 1 })
      )
    ],
    steps: steps.flatMap((one, index) => step(one, index, piece, mark).map(sse)),
    problem: sse(errorOf(problem)),
    tail: stop(stops[reason], { output_tokens: tokens.output }).map(sse)
  }),
  refuse: (problem) => json(problems[problem][0], errorOf(problem))
}
