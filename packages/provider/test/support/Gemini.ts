import * as Redacted from "effect/Redacted"
import type { ModelProvider } from "../../src/contract/ModelProvider.ts"
import * as Gemini from "../../src/gemini/Gemini.ts"
import { data } from "./OpenAi.ts"
import { secret } from "./Turn.ts"

export const gemini = (baseUrl: string, options: Partial<Gemini.GeminiOptions> = {}): ModelProvider =>
  Gemini.make({ apiKey: Redacted.make(secret), baseUrl, ...options })

/** One event of a stream with these parts. */
export const parts = (...parts: ReadonlyArray<object>): string =>
  data({ candidates: [{ index: 0, content: { role: "model", parts } }], responseId: "g1", modelVersion: "m" })

export const says = (text: string, more: object = {}): string => parts({ text, ...more })
export const thinks = (text: string, more: object = {}): string => parts({ text, thought: true, ...more })
export const call = (name: string, args: object | undefined, more: object = {}, part: object = {}): object => ({
  functionCall: { name, ...(args === undefined ? {} : { args }), ...more },
  ...part
})

/** The event with the finish reason. */
export const stops = (finishReason: string, more: object = {}): string =>
  data({ candidates: [{ content: { role: "model", parts: [] }, finishReason, ...more }], responseId: "g1" })

export const counted = (usageMetadata: object): string => data({ usageMetadata, responseId: "g1" })
