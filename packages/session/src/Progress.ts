import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { Usage } from "@parley/domain/Usage"

const same = (left: Usage, right: Usage): boolean =>
  left.inputTokens === right.inputTokens &&
  left.outputTokens === right.outputTokens &&
  left.cacheReadTokens === right.cacheReadTokens &&
  left.cacheWriteTokens === right.cacheWriteTokens

/**
 * Counts how often something of an answer has come. A chunk with nothing in it, or one that repeats what was known, only
 * keeps the connection alive, and a provider that sends nothing else has stopped answering.
 */
export const makeProgress = () => {
  let count = 0
  let usage: Usage | undefined
  const isProgress = (chunk: ProviderChunk): boolean => {
    switch (chunk._tag) {
      case "TextDelta":
      case "ThinkingDelta":
        return chunk.text !== ""
      case "ToolInputDelta":
        return chunk.json !== ""
      case "ThinkingEnd":
      case "OpaqueBlock":
        return chunk.raw !== ""
      case "UsageSoFar": {
        const before = usage
        usage = chunk.usage
        return before === undefined || !same(before, usage)
      }
      case "ToolCallStart":
      case "Finish":
        return true
    }
  }
  return {
    count: () => count,
    add: (chunks: ReadonlyArray<ProviderChunk>): void => {
      // All are looked at: each may hold the usage that the next is compared with.
      if (chunks.filter(isProgress).length > 0) count++
    }
  }
}
