import type { Effort } from "@parley/domain/Effort"
import type { Accepts } from "@parley/domain/FilesManager"

const names: ReadonlyMap<string, string> = new Map([
  ["gemini-4-neon", "Gemini 4 Neon"],
  ["gemini-4-hydrogen", "Gemini 4 Hydrogen"],
  ["gemini-4-argon", "Gemini 4 Argon"],
  ["gemini-3.8-flash", "Gemini 3.8 Flash"],
  ["gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite"]
])

/** The models that are known without a request to the API. */
export const models: ReadonlyArray<string> = [...names.keys()]

export const descriptionOf = (model: string): string => names.get(model) ?? "A model of the Gemini API"

/** The major and minor version in a model's name; infinite for names such as `gemini-flash-latest`. */
const versionOf = (model: string): number => {
  if (!model.startsWith("gemini-")) return 0
  const version = Number(/^gemini-(\d+(?:\.\d+)?)/.exec(model)?.[1] ?? Infinity)
  return Number.isNaN(version) ? 0 : version
}

/** Whether a model returns summaries of its reasoning. The API rejects requests for them to models that do not. */
export const thinks = (model: string): boolean => versionOf(model) >= 2.5

/**
 * Whether requests must contain the signatures of tool calls, and may contain images in the results of tools. Both began
 * with Gemini 3.
 */
export const isSigned = (model: string): boolean => versionOf(model) >= 3

const upTo = (first: Effort, last: Effort): ReadonlyArray<Effort> => {
  const all: ReadonlyArray<Effort> = ["none", "minimal", "low", "medium", "high", "xhigh"]
  return all.slice(all.indexOf(first), all.indexOf(last) + 1)
}

/** The efforts by the names of models; the first pattern that matches counts. Models of 2026-11. */
const byName: ReadonlyArray<readonly [RegExp, ReadonlyArray<Effort>]> = [
  [/^gemini-2\.5-pro/, upTo("minimal", "high")],
  [/^gemini-2\.5/, upTo("none", "high")],
  [/^gemini-(?:3(?:\.[1-6])?-flash|flash)/, upTo("minimal", "high")],
  [/^gemini-(?:3|pro-latest|4-(?:argon|carbon))/, upTo("low", "high")],
  [/^gemini-4-(?:neon|hydrogen)/, upTo("low", "xhigh")]
]

/** The efforts that a model takes; none if it does not think. Undefined if the model is not known. */
export const efforts = (model: string): ReadonlyArray<Effort> | undefined =>
  thinks(model) ? byName.find(([pattern]) => pattern.test(model))?.[1] : []

/** In tokens, of models before Gemini 3, which have a budget instead of levels. */
const budgets: { readonly [E in Effort]?: number } = { none: 0, minimal: 512, low: 2048, medium: 8192, high: 24_576 }

/** How much a model thinks, in the format of the API. The budget is a part of the output limit. */
export const thinkingOf = (
  model: string,
  effort: Effort | undefined,
  maxOutputTokens: number | undefined
): { readonly [name: string]: string | number | boolean } | undefined => {
  if (!thinks(model)) return undefined
  if (effort === undefined) return { includeThoughts: true }
  if (isSigned(model)) return { includeThoughts: true, thinkingLevel: effort }
  const thinkingBudget = Math.min(budgets[effort] ?? 24_576, Math.floor(((maxOutputTokens ?? 65_536) * 3) / 4))
  return thinkingBudget === 0 ? { thinkingBudget } : { includeThoughts: true, thinkingBudget }
}

/** In tokens. A larger window has to be configured. */
export const limitsOf = (model: string): { readonly contextWindow: number; readonly maxOutputTokens?: number } =>
  names.has(model) ? { contextWindow: 1_048_576, maxOutputTokens: 32_000 } : { contextWindow: 131_072 }

const mebibyte = 1024 * 1024

/** The maximum number of bytes of one request with files in it, according to the API's documentation. */
export const maxRequestBytes = 20 * mebibyte

/** The types of files that the API accepts, and their maximum size in bytes on disk: base64 is a third longer. */
export const accepts: Accepts = {
  "image/jpeg": 5 * mebibyte,
  "image/png": 5 * mebibyte,
  "image/webp": 5 * mebibyte,
  "image/heic": 5 * mebibyte,
  "image/heif": 5 * mebibyte,
  "application/pdf": 10 * mebibyte
}
