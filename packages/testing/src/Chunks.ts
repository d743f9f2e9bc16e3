import type { ProviderChunk, StopReason } from "@parley/domain/ProviderChunk"
import type { Usage } from "@parley/domain/Usage"

/** Text in the given pieces. */
export const text = (index: number, ...pieces: ReadonlyArray<string>): ReadonlyArray<ProviderChunk> =>
  pieces.map((text) => ({ _tag: "TextDelta", index, text }))

/** A thinking block, shown in pieces and closed with the provider's own bytes. */
export const thinking = (index: number, ...pieces: ReadonlyArray<string>): ReadonlyArray<ProviderChunk> => [
  ...pieces.map((text): ProviderChunk => ({ _tag: "ThinkingDelta", index, text })),
  { _tag: "ThinkingEnd", index, provider: "scripted", raw: JSON.stringify({ thinking: pieces.join("") }) }
]

/** A call for a tool, its input in two pieces as providers send it. Text is sent as it is, valid JSON or not. */
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

/** What a scripted turn costs unless it says otherwise. */
export const usage: Usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0 }

export const finish = (stop: StopReason = "end", detail?: string): ProviderChunk => ({
  _tag: "Finish",
  stop,
  usage,
  ...(detail === undefined ? {} : { detail })
})
