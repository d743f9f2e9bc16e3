import * as Schema from "effect/Schema"
import { CallId } from "./Ids.ts"

/**
 * A passage of a source that a model names in support of what it writes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Citation = Schema.Struct({
  /** The provider whose model cites. */
  provider: Schema.String,
  /** The title of the document or page; empty if it has none. */
  title: Schema.String,
  /** The address of a page of the web. */
  url: Schema.optionalKey(Schema.String),
  /** The first and the last page of the passage, counted from 1. */
  pages: Schema.optionalKey(Schema.Struct({ first: Schema.Int, last: Schema.Int })),
  /** The cited passage. */
  quote: Schema.String,
  /** The provider's own form of the citation, as JSON text. */
  raw: Schema.String
})
export type Citation = typeof Citation.Type

/**
 * Plain text, well-formed Unicode. `citations` support the whole text; only texts of a model have them.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Text = Schema.TaggedStruct("Text", {
  text: Schema.String,
  citations: Citation.pipe(Schema.Array, Schema.optionalKey)
})
export type Text = typeof Text.Type

/**
 * Base64 bytes with their media type.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Image = Schema.TaggedStruct("Image", { mediaType: Schema.String, data: Schema.String })

/**
 * A document such as a PDF: base64 bytes with their media type, and the file's name if it is known.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Document = Schema.TaggedStruct("Document", {
  mediaType: Schema.String,
  data: Schema.String,
  name: Schema.optionalKey(Schema.String)
})

/**
 * A provider's reasoning. `raw` is the provider's own block, byte for byte: it is sent back unchanged, only to that
 * provider, and only while the endpoint, the model and the system prompt are those it was produced with. `text` is the
 * part that may be shown to a person; it may be empty.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Thinking = Schema.TaggedStruct("Thinking", {
  provider: Schema.String,
  text: Schema.String,
  raw: Schema.String
})
export type Thinking = typeof Thinking.Type

/**
 * A block of a kind that this version does not know, kept byte for byte for the provider that sent it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Opaque = Schema.TaggedStruct("Opaque", {
  provider: Schema.String,
  kind: Schema.String,
  raw: Schema.String
})
export type Opaque = typeof Opaque.Type

/**
 * A request to run a tool. `input` is the JSON text exactly as the model wrote it, so that large numbers and duplicate
 * keys are not lost. It may be malformed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolCall = Schema.TaggedStruct("ToolCall", {
  callId: CallId,
  providerId: Schema.String,
  name: Schema.String,
  input: Schema.String
})
export type ToolCall = typeof ToolCall.Type

/**
 * A part of a tool's result.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ResultContent = Schema.Union([Text, Image, Document])
export type ResultContent = typeof ResultContent.Type

/**
 * The result of one tool call, as the model receives it. A later request contains exactly one for each call.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolResult = Schema.TaggedStruct("ToolResult", {
  callId: CallId,
  isError: Schema.Boolean,
  content: Schema.Array(ResultContent)
})
export type ToolResult = typeof ToolResult.Type

/**
 * A part of a message's content. `Thinking` and `Opaque` are only in messages of a model, `ToolResult` only in messages
 * to it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Block = Schema.Union([Text, Thinking, Opaque, Image, Document, ToolCall, ToolResult]).pipe(
  Schema.toTaggedUnion("_tag")
)
export type Block = typeof Block.Type

/**
 * A block that a user message may contain.
 *
 * @since 0.1.0
 * @category schemas
 */
export const UserBlock = Schema.Union([Text, Image, Document])
export type UserBlock = typeof UserBlock.Type

/**
 * A text block.
 *
 * @since 0.1.0
 * @category functions
 */
export const text = (text: string): Text => ({ _tag: "Text", text })

/**
 * Concatenates the text blocks and ignores all other blocks.
 *
 * @since 0.1.0
 * @category functions
 */
export const textOf = (blocks: ReadonlyArray<Block>): string =>
  blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : [])).join("")
