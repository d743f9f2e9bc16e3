import type { Effort } from "@parley/domain/Effort"

const names: ReadonlyMap<string, string> = new Map([
  ["gpt-6.2-sol", "GPT-6.2 Sol"],
  ["gpt-6.2-astra", "GPT-6.2 Astra"],
  ["gpt-6.1-terra", "GPT-6.1 Terra"],
  ["gpt-6-luna", "GPT-6 Luna"]
])

/** The models that are known without a request to the API. */
export const models: ReadonlyArray<string> = [...names.keys()]

export const descriptionOf = (model: string): string => names.get(model) ?? "A model of the OpenAI API"

/** In tokens. A larger window has to be configured. All models that reason have the first, and all others the second. */
export const limitsOf = (model: string): { readonly contextWindow: number; readonly maxOutputTokens: number } =>
  names.has(model)
    ? { contextWindow: 272_000, maxOutputTokens: 32_000 }
    : { contextWindow: 128_000, maxOutputTokens: 16_000 }

/** Whether a model reasons. The API rejects requests for reasoning to models that do not. */
export const reasons = (model: string): boolean => !/^(?:gpt-[34]|chatgpt|ft:gpt-[34])|chat-latest$/.test(model)

const upTo = (last: Effort): ReadonlyArray<Effort> => {
  const all: ReadonlyArray<Effort> = ["low", "medium", "high", "xhigh", "max"]
  return all.slice(0, all.indexOf(last) + 1)
}

/** The efforts by the names of models; the first pattern that matches counts. Models of 2026-11. */
const byName: ReadonlyArray<readonly [RegExp, ReadonlyArray<Effort>]> = [
  [/^gpt-5-pro/, ["high"]],
  [/^gpt-5\.\d-pro/, ["medium", "high", "xhigh"]],
  [/^gpt-5(?:-|$)/, ["minimal", ...upTo("high")]],
  [/^gpt-5\.1/, ["none", ...upTo("high")]],
  [/^gpt-5\.(?:3-codex-spark|6-cyber)/, upTo("xhigh")],
  [/^gpt-5\.[2-5]/, ["none", ...upTo("xhigh")]],
  [/^gpt-(?:5\.6|6-(?:sol|luna)|6\.1-terra)/, ["none", ...upTo("max")]],
  [/^gpt-6/, upTo("max")],
  [/^o\d/, upTo("high")]
]

/** The efforts that a model takes; none if it does not reason. Undefined if the model is not known. */
export const efforts = (model: string): ReadonlyArray<Effort> | undefined =>
  reasons(model) ? byName.find(([pattern]) => pattern.test(model))?.[1] : []
