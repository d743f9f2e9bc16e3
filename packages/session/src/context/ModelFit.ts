import type { Block } from "@parley/domain/Content"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { TokenCount } from "@parley/domain/RequestSize"
import * as Effect from "effect/Effect"
import * as RequestEstimate from "./RequestEstimate.ts"
import type { SessionState } from "../log/SessionState.ts"

const isMore = (block: Block): boolean =>
  block._tag === "Image" ||
  block._tag === "Document" ||
  (block._tag === "ToolResult" && block.content.some((part) => isMore(part)))

/** Whether a model can take a request: its measured size, or why it cannot. */
export type Fit = { readonly size: TokenCount } | { readonly obstacle: string }

/**
 * Checks whether a fallback model can take the request without a compaction, which would change the session for the sake of
 * a model that is asked only once, and without losing images or documents.
 */
export const of = Effect.fnUntraced(function* (state: SessionState, request: ModelRequest, model: ModelInfo) {
  if (model.accepts === undefined && request.messages.some(({ content }) => content.some(isMore)))
    return { obstacle: "it reads only text, and the conversation has images or documents" } satisfies Fit
  const limit = RequestEstimate.limitOf(model)
  const size = yield* RequestEstimate.measure(state, request, limit)
  if (limit === undefined || size.tokens <= limit) return { size } satisfies Fit
  return {
    obstacle: `its context window has room for ${limit} tokens, and the request has about ${size.tokens}`
  } satisfies Fit
})
