import * as Schema from "effect/Schema"
import { Citation } from "./Content.ts"
import { Usage } from "./Usage.ts"

/**
 * Why a model stopped, in provider-neutral terms. `other` is a reason that this version does not know; it is never a
 * success.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StopReason = Schema.Literals([
  "end",
  "tool-calls",
  "length",
  "stop-sequence",
  "pause",
  "refusal",
  "context-window",
  "other"
])
export type StopReason = typeof StopReason.Type

const Index = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * One piece of a provider's stream. `index` identifies the block to which it belongs; blocks are ordered by index.
 * Providers emit arrays of chunks, one array per network read. The last chunk, and only the last, is `Finish`; a stream
 * that ends without it has failed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProviderChunk = Schema.TaggedUnion({
  TextDelta: { index: Index, text: Schema.String },
  /** Supports the text of the block with this index. */
  TextCitation: { index: Index, citation: Citation },
  ThinkingDelta: { index: Index, text: Schema.String },
  /** Ends a thinking block. `raw` is the complete block in the form in which the provider expects it back. */
  ThinkingEnd: { index: Index, provider: Schema.String, raw: Schema.String },
  ToolCallStart: { index: Index, providerId: Schema.String, name: Schema.String },
  /** A piece of the call's JSON input. */
  ToolInputDelta: { index: Index, json: Schema.String },
  OpaqueBlock: { index: Index, provider: Schema.String, kind: Schema.String, raw: Schema.String },
  /**
   * Running totals, so that the usage of an incomplete turn is known. Counts as progress of the response: a provider also
   * emits it for parts that it receives but does not pass on, and never for messages that only keep the connection alive.
   */
  UsageSoFar: { usage: Usage },
  /**
   * The end of the response. `usage` is the total of the turn; `detail` is the provider's own stop reason or explanation.
   */
  Finish: {
    stop: StopReason,
    usage: Usage,
    detail: Schema.optionalKey(Schema.String),
    responseId: Schema.optionalKey(Schema.String)
  }
})
export type ProviderChunk = typeof ProviderChunk.Type

/**
 * The last chunk of a response: why the model stopped, and the tokens that it used.
 *
 * @since 0.1.0
 * @category models
 */
export type Finish = Extract<ProviderChunk, { readonly _tag: "Finish" }>

/**
 * Joins adjacent deltas of the same block. Appending deltas is associative, so the result of every fold is unchanged.
 *
 * @since 0.1.0
 * @category functions
 */
export const coalesce = (chunks: ReadonlyArray<ProviderChunk>): ReadonlyArray<ProviderChunk> => {
  const out: Array<ProviderChunk> = []
  for (const chunk of chunks) {
    const last = out.at(-1)
    if (last === undefined || last._tag !== chunk._tag) out.push(chunk)
    else if (last._tag === "TextDelta" && chunk._tag === "TextDelta" && last.index === chunk.index)
      out[out.length - 1] = { _tag: "TextDelta", index: last.index, text: last.text + chunk.text }
    else if (last._tag === "ThinkingDelta" && chunk._tag === "ThinkingDelta" && last.index === chunk.index)
      out[out.length - 1] = { _tag: "ThinkingDelta", index: last.index, text: last.text + chunk.text }
    else if (last._tag === "ToolInputDelta" && chunk._tag === "ToolInputDelta" && last.index === chunk.index)
      out[out.length - 1] = { _tag: "ToolInputDelta", index: last.index, json: last.json + chunk.json }
    else out.push(chunk)
  }
  return out
}
