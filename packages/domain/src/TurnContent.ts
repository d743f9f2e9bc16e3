import type { Block, Citation } from "./Content.ts"
import { callId, type TurnId } from "./Ids.ts"
import * as JsonText from "./JsonText.ts"
import type { Finish, ProviderChunk } from "./ProviderChunk.ts"
import { latest, type Usage, zero } from "./Usage.ts"

type Draft =
  | { readonly _tag: "Text"; text: string; readonly citations: Array<Citation> }
  | { readonly _tag: "Thinking"; provider: string; text: string; raw: string }
  | { readonly _tag: "ToolCall"; readonly providerId: string; readonly name: string; input: string }
  | { readonly _tag: "Opaque"; readonly provider: string; readonly kind: string; readonly raw: string }

/**
 * A provider's own block, or nothing if it has half of a surrogate pair: a store cannot keep that, and the provider would not
 * accept the block if it were changed. A block without `raw` is not sent back.
 */
const usable = (raw: string): string => (JsonText.wellFormed(raw) === raw ? raw : "")

const citationOf = ({ pages, provider, quote, raw, title, url }: Citation): Citation => ({
  provider,
  title: title.toWellFormed(),
  ...(url === undefined ? {} : { url: url.toWellFormed() }),
  ...(pages === undefined ? {} : { pages }),
  quote: quote.toWellFormed(),
  raw: usable(raw)
})

const cited = (text: string, citations: ReadonlyArray<Citation>): Block =>
  citations.length === 0 ? { _tag: "Text", text } : { _tag: "Text", text, citations: citations.map(citationOf) }

/** What models and servers write as the input of a call without arguments. */
const noInput = /^\s*(?:null)?\s*$/

/**
 * Folds a turn's chunks into content blocks. Work per chunk is constant, and the result does not depend on how the
 * provider's bytes were split into chunks. A chunk that names a block of another kind is malformed; see `malformed`.
 *
 * @since 0.1.0
 * @category models
 */
export class TurnContent {
  private readonly drafts = new Map<number, Draft>()
  /** Set once the provider reported why it stopped. */
  finish: Finish | undefined
  /** The usage that the provider has reported so far. */
  usage: Usage = zero
  /** The first violation of the stream's rules by the provider, if any. */
  malformed: string | undefined

  readonly turnId: TurnId
  constructor(turnId: TurnId) {
    this.turnId = turnId
  }

  /** Adds the next chunks of the stream. */
  add(chunks: ReadonlyArray<ProviderChunk>): void {
    for (const chunk of chunks) this.one(chunk)
  }

  private changed(index: number, from: Draft, to: Draft["_tag"]): void {
    this.malformed ??= `block ${index} changed from ${from._tag} to ${to}`
  }

  private text(index: number): Extract<Draft, { readonly _tag: "Text" }> | undefined {
    const draft = this.drafts.get(index)
    if (draft?._tag === "Text") return draft
    if (draft !== undefined) {
      this.changed(index, draft, "Text")
      return undefined
    }
    const fresh: Extract<Draft, { readonly _tag: "Text" }> = { _tag: "Text", text: "", citations: [] }
    this.drafts.set(index, fresh)
    return fresh
  }

  private thinking(index: number): Extract<Draft, { readonly _tag: "Thinking" }> | undefined {
    const draft = this.drafts.get(index)
    if (draft?._tag === "Thinking") return draft
    if (draft !== undefined) {
      this.changed(index, draft, "Thinking")
      return undefined
    }
    const fresh = { _tag: "Thinking" as const, provider: "", text: "", raw: "" }
    this.drafts.set(index, fresh)
    return fresh
  }

  private one(chunk: ProviderChunk): void {
    if (this.finish !== undefined) this.malformed ??= `${chunk._tag} after the end of the turn`
    switch (chunk._tag) {
      case "TextDelta": {
        const draft = this.text(chunk.index)
        if (draft !== undefined) draft.text += chunk.text
        return
      }
      case "TextCitation": {
        const draft = this.text(chunk.index)
        if (draft !== undefined) draft.citations.push(chunk.citation)
        return
      }
      case "ThinkingDelta": {
        const draft = this.thinking(chunk.index)
        if (draft !== undefined) draft.text += chunk.text
        return
      }
      case "ThinkingEnd": {
        const draft = this.thinking(chunk.index)
        if (draft !== undefined) {
          draft.provider = chunk.provider
          draft.raw = chunk.raw
        }
        return
      }
      case "ToolCallStart":
        if (this.drafts.has(chunk.index)) this.malformed ??= `block ${chunk.index} started twice`
        else
          this.drafts.set(chunk.index, {
            _tag: "ToolCall",
            providerId: chunk.providerId,
            name: chunk.name,
            input: ""
          })
        return
      case "ToolInputDelta": {
        const draft = this.drafts.get(chunk.index)
        if (draft?._tag === "ToolCall") draft.input += chunk.json
        else this.malformed ??= `tool input for block ${chunk.index}, which is not a tool call`
        return
      }
      case "OpaqueBlock":
        this.drafts.set(chunk.index, {
          _tag: "Opaque",
          provider: chunk.provider,
          kind: chunk.kind,
          raw: chunk.raw
        })
        return
      case "UsageSoFar":
        this.usage = latest(this.usage, chunk.usage)
        return
      case "Finish":
        this.finish = chunk
        this.usage = latest(this.usage, chunk.usage)
        return
    }
  }

  /**
   * The blocks so far, sorted by index. Call ids follow the order of the calls. A call without arguments gets the input
   * `{}`.
   */
  blocks(): ReadonlyArray<Block> {
    let calls = 0
    return [...this.drafts.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, draft]): Block => {
        switch (draft._tag) {
          case "Text":
            return cited(draft.text.toWellFormed(), draft.citations)
          case "Thinking": {
            const { provider, raw, text } = draft
            // In the order of the schema's keys, so that the stored JSON is the same after it was read back.
            return { _tag: "Thinking", provider, text: text.toWellFormed(), raw: usable(raw) }
          }
          case "Opaque":
            return { _tag: "Opaque", provider: draft.provider, kind: draft.kind, raw: usable(draft.raw) }
          case "ToolCall":
            return {
              _tag: "ToolCall",
              callId: callId(this.turnId, ++calls),
              providerId: draft.providerId.toWellFormed(),
              name: draft.name.toWellFormed(),
              input: noInput.test(draft.input) ? "{}" : JsonText.wellFormed(draft.input)
            }
        }
      })
  }
}
