import * as OpenAi from "@parley/provider/OpenAi"
import * as Redacted from "effect/Redacted"
import { openAiError, openAiProblems } from "./OpenAiProblems.ts"
import { json, pieces, type Step, type Wire } from "./Step.ts"

const event = (type: string, rest: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`

const step = (one: Step, output_index: number, piece: number, encrypted_content: string): ReadonlyArray<string> => {
  const at = { output_index, content_index: 0, summary_index: 0 }
  const added = (item: object) => event("response.output_item.added", { output_index, item })
  const ended = (item: object) => event("response.output_item.done", { output_index, item })
  const deltas = (type: string, text: string) => pieces(text, piece).map((delta) => event(type, { ...at, delta }))
  switch (one._tag) {
    case "Think": {
      const item = { type: "reasoning", id: `rs_${output_index}`, summary: [] }
      return [
        added(item),
        ...deltas("response.reasoning_summary_text.delta", one.text),
        ended({ ...item, encrypted_content })
      ]
    }
    case "Say":
      return [
        added({ type: "message", role: "assistant" }),
        ...deltas("response.output_text.delta", one.text),
        ended({ type: "message" })
      ]
    case "Own":
      return [added({ type: "web_search_call", id: "ws" }), ended({ type: "web_search_call", id: "ws" })]
    case "Call": {
      const item = { type: "function_call", id: `fc_${output_index}`, call_id: one.id, name: one.name }
      return [
        added({ ...item, arguments: "" }),
        ...deltas("response.function_call_arguments.delta", one.input),
        ended({ ...item, arguments: one.input })
      ]
    }
  }
}

const reasons = { length: "max_output_tokens", refusal: "content_filter", other: "magic" }

/** The Responses API of OpenAI. */
export const responses: Wire = {
  name: "OpenAI Responses",
  make: (baseUrl, id = "responses") =>
    OpenAi.make({ id, apiKey: Redacted.make("key-of-openai"), baseUrl, defaultModel: "fake" }),
  encode: ({ mark, piece, problem = "overloaded", steps, stop, tokens }) => {
    const usage = {
      input_tokens: tokens.input,
      output_tokens: tokens.output,
      input_tokens_details: { cached_tokens: tokens.cached }
    }
    const isComplete = stop === "end" || stop === "tool-calls"
    const type = isComplete ? "completed" : "incomplete"
    return {
      head: [event("response.created", { response: { id: "r1" } })],
      steps: steps.flatMap((one, index) => step(one, index, piece, mark)),
      problem: event("response.failed", { response: { id: "r1", status: "failed", ...openAiError(problem) } }),
      tail: [
        event(`response.${type}`, {
          response: {
            id: "r1",
            status: type,
            usage,
            ...(isComplete ? {} : { incomplete_details: { reason: reasons[stop] } })
          }
        })
      ]
    }
  },
  refuse: (problem) => json(openAiProblems[problem][0], openAiError(problem))
}
