import type { ProviderChunk } from "@parley/domain/ProviderChunk"

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
    case "UsageSoFar":
    case "ToolCallStart":
    case "Finish":
      return true
  }
}

/**
 * Counts how often something of an answer has come. A chunk with nothing in it only keeps the connection alive, and a
 * provider that sends nothing else has stopped answering.
 */
export const makeProgress = () => {
  let count = 0
  return {
    count: () => count,
    add: (chunks: ReadonlyArray<ProviderChunk>): void => {
      if (chunks.some(isProgress)) count++
    }
  }
}
