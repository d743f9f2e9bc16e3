import * as Gemini from "@parley/provider/Gemini"
import * as Redacted from "effect/Redacted"
import { data, json, overflow, pieces, type Problem, type Step, type Wire } from "./Step.ts"

const stops = { end: "STOP", "tool-calls": "STOP", length: "MAX_TOKENS", refusal: "SAFETY", other: "MAGIC" }

const problems: { readonly [P in Problem]: readonly [status: number, type: string, message: string] } = {
  rate: [429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."],
  quota: [429, "RESOURCE_EXHAUSTED", "You exceeded your current quota. limit: 0"],
  overloaded: [503, "UNAVAILABLE", "The model is overloaded."],
  internal: [500, "INTERNAL", "An internal error has occurred."],
  key: [400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."],
  forbidden: [403, "PERMISSION_DENIED", "not allowed"],
  model: [404, "NOT_FOUND", "models/fake is not found for API version v1beta"],
  invalid: [400, "INVALID_ARGUMENT", "Invalid value at 'generation_config': a string is expected"],
  overflow: [400, "INVALID_ARGUMENT", overflow]
}

const errorOf = (problem: Problem): object => {
  const [code, status, message] = problems[problem]
  return { error: { code, message, status } }
}

/** The parts as JSON text, because the input of a call is sent as it is written. */
const event = (...parts: ReadonlyArray<string>): string =>
  `data: {"candidates":[{"content":{"role":"model","parts":[${parts.join(",")}]},"index":0}],"responseId":"g1"}\n\n`

const step = (one: Step, piece: number, mark: string): ReadonlyArray<string> => {
  switch (one._tag) {
    case "Think":
      return pieces(one.text, piece).map((text) => event(JSON.stringify({ text, thought: true })))
    case "Say":
      return pieces(one.text, piece).map((text) => event(JSON.stringify({ text })))
    case "Own":
      return [event(JSON.stringify({ executableCode: { language: "PYTHON", code: "1" } }))]
    case "Call": {
      const { id, input, name } = one
      const signature = mark === "" ? "" : `,"thoughtSignature":"${mark}"`
      const head = JSON.stringify({ id, name }).slice(0, -1)
      return [event(`{"functionCall":${head},"args":${input === "" ? "{}" : input}}${signature}}`)]
    }
  }
}

/** The Gemini API. The first call of a response has a signature. */
export const gemini: Wire = {
  name: "Gemini",
  make: (baseUrl, id = "gemini") =>
    Gemini.make({ id, apiKey: Redacted.make("key-of-gemini"), baseUrl, defaultModel: "gemini-4-fake" }),
  encode: ({ mark, piece, problem = "overloaded", steps, stop, tokens }) => {
    const first = steps.findIndex(({ _tag }) => _tag === "Call")
    return {
      head: [
        data({
          responseId: "g1",
          usageMetadata: { promptTokenCount: tokens.input, cachedContentTokenCount: tokens.cached }
        })
      ],
      steps: steps.flatMap((one, index) => step(one, piece, index === first ? mark : "")),
      problem: data(errorOf(problem)),
      tail: [
        data({
          candidates: [{ content: { role: "model", parts: [{ text: "" }] }, finishReason: stops[stop], index: 0 }],
          usageMetadata: {
            promptTokenCount: tokens.input,
            cachedContentTokenCount: tokens.cached,
            candidatesTokenCount: tokens.output - 1,
            thoughtsTokenCount: 1
          },
          responseId: "g1"
        })
      ]
    }
  },
  refuse: (problem) => json(problems[problem][0], errorOf(problem))
}
