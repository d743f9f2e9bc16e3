import type { ModelProvider } from "@parley/provider/ModelProvider"
import type { Reply } from "../provider/SseServer.ts"

/** A part of a model's response, in terms that every wire has. */
export type Step =
  | { readonly _tag: "Think"; readonly text: string }
  | { readonly _tag: "Say"; readonly text: string }
  /** A block that only this provider knows, such as a tool that it runs itself. Nothing in most APIs. */
  | { readonly _tag: "Own" }
  /** `input` is JSON text. */
  | { readonly _tag: "Call"; readonly id: string; readonly name: string; readonly input: string }

export const think = (text: string): Step => ({ _tag: "Think", text })
export const say = (text: string): Step => ({ _tag: "Say", text })
export const own: Step = { _tag: "Own" }
export const call = (name: string, input = "{}", id = `id_${name}`): Step => ({ _tag: "Call", id, name, input })

/** Errors that every provider reports in its own way. */
export type Problem =
  | "rate"
  | "quota"
  | "overloaded"
  | "internal"
  | "key"
  | "forbidden"
  | "model"
  | "invalid"
  | "overflow"

/** Counts of tokens; `input` includes `cached`. */
export interface Tokens {
  readonly input: number
  readonly cached: number
  readonly output: number
}

/** One response of a fake server. */
export interface Answer {
  readonly steps: ReadonlyArray<Step>
  /** Default: `tool-calls` if there are calls, else `end`. */
  readonly stop?: "end" | "tool-calls" | "length" | "refusal" | "other"
  /** Characters in one piece of a text or an input. Default: all of them. */
  readonly piece?: number
  readonly tokens?: Tokens
  /** The signature of the provider. */
  readonly mark?: string
  /** An error within the stream, after the steps. */
  readonly problem?: Problem
  /** How the response ends before its last event, after the steps. */
  readonly ends?: "early" | "cut" | "reset"
}

/** The way in which one API writes its responses. Each text is written separately. */
export interface Encoding {
  readonly head: ReadonlyArray<string>
  readonly steps: ReadonlyArray<string>
  readonly problem: string
  readonly tail: ReadonlyArray<string>
}

/** A provider, and a fake of its server. */
export interface Wire {
  readonly name: "Anthropic" | "OpenAI Responses" | "OpenAI Chat" | "Gemini" | "effect/ai"
  /** `id` is the provider's id, if it is not the default one. */
  readonly make: (baseUrl: string, id?: string) => ModelProvider
  readonly encode: (answer: Required<Pick<Answer, "steps" | "stop" | "piece" | "tokens" | "mark">> & Answer) => Encoding
  /** The body and the status of an error response. */
  readonly refuse: (problem: Problem) => Reply
}

export const stopOf = ({ steps, stop }: Answer): NonNullable<Answer["stop"]> =>
  stop ?? (steps.some(({ _tag }) => _tag === "Call") ? "tool-calls" : "end")

export const noTokens: Tokens = { input: 9, cached: 4, output: 3 }

/** The response in the API's format. */
export const reply = (wire: Wire, answer: Answer): Reply => {
  const { mark = "c2lnbmVk", piece = 100_000, tokens = noTokens } = answer
  const { head, problem, steps, tail } = wire.encode({ ...answer, stop: stopOf(answer), piece, tokens, mark })
  const begun = [...head, ...steps]
  if (answer.problem !== undefined) return { body: [...begun, problem] }
  if (answer.ends === undefined) return { body: [...begun, ...tail] }
  return { body: begun, last: answer.ends === "early" ? "end" : answer.ends }
}

/** The characters of a text in groups. A character may consist of two UTF-16 units. */
export const pieces = (text: string, size: number): ReadonlyArray<string> => {
  if (text.length <= size) return [text]
  const characters = Array.from(text)
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, i) =>
    characters.slice(i * size, (i + 1) * size).join("")
  )
}

export const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`

export const json = (status: number, body: object): Reply => ({
  status,
  headers: { "content-type": "application/json" },
  body: [JSON.stringify(body)]
})

/** Words for a request that is too large, which each provider has to recognize. */
export const overflow =
  "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
