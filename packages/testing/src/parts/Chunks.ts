import type { ProviderChunk, StopReason } from "@parley/domain/ProviderChunk"
import type { Usage } from "@parley/domain/Usage"

/**
 * A text block, streamed in the given pieces.
 *
 * @since 0.1.0
 * @category functions
 */
export const text = (index: number, ...pieces: ReadonlyArray<string>): ReadonlyArray<ProviderChunk> =>
  pieces.map((text) => ({ _tag: "TextDelta", index, text }))

/**
 * A thinking block, streamed in pieces and closed with the provider's raw data.
 *
 * @since 0.1.0
 * @category functions
 */
export const thinking = (index: number, ...pieces: ReadonlyArray<string>): ReadonlyArray<ProviderChunk> => [
  ...pieces.map((text): ProviderChunk => ({ _tag: "ThinkingDelta", index, text })),
  { _tag: "ThinkingEnd", index, provider: "scripted", raw: JSON.stringify({ thinking: pieces.join("") }) }
]

/**
 * A tool call whose input is streamed in two pieces. A string is sent unchanged, even if it is not valid JSON.
 *
 * @since 0.1.0
 * @category functions
 */
export const call = (
  index: number,
  name: string,
  input: { readonly [key: string]: unknown } | string = {}
): ReadonlyArray<ProviderChunk> => {
  const json = typeof input === "string" ? input : JSON.stringify(input)
  const half = Math.ceil(json.length / 2)
  return [
    { _tag: "ToolCallStart", index, providerId: `provider_${index}`, name },
    { _tag: "ToolInputDelta", index, json: json.slice(0, half) },
    { _tag: "ToolInputDelta", index, json: json.slice(half) }
  ]
}

/**
 * The default usage of a scripted turn.
 *
 * @since 0.1.0
 * @category constants
 */
export const usage: Usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0 }

/**
 * The last chunk of a response.
 *
 * @since 0.1.0
 * @category functions
 */
export const finish = (stop: StopReason = "end", detail?: string): ProviderChunk => ({
  _tag: "Finish",
  stop,
  usage,
  ...(detail === undefined ? {} : { detail })
})
