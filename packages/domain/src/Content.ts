import * as Schema from "effect/Schema"
import { CallId } from "./Ids.ts"

/** Plain text, well-formed Unicode. */
export const Text = Schema.TaggedStruct("Text", { text: Schema.String })
export type Text = typeof Text.Type

/** Base64 bytes with their media type. */
export const Image = Schema.TaggedStruct("Image", { mediaType: Schema.String, data: Schema.String })
export const Document = Schema.TaggedStruct("Document", {
  mediaType: Schema.String,
  data: Schema.String,
  name: Schema.optionalKey(Schema.String)
})

/**
 * A provider's reasoning. `raw` is the provider's own block, byte for byte: it goes back unchanged to that provider and no
 * other, and only while endpoint, model and system prompt are those it was produced with. `text` is what a person may be shown and may be empty.
 */
export const Thinking = Schema.TaggedStruct("Thinking", {
  provider: Schema.String,
  text: Schema.String,
  raw: Schema.String
})
export type Thinking = typeof Thinking.Type

/** Any block this version has no word for, kept byte for byte for the provider that sent it. */
export const Opaque = Schema.TaggedStruct("Opaque", {
  provider: Schema.String,
  kind: Schema.String,
  raw: Schema.String
})

/** A request to run a tool. `input` is the JSON text as the model wrote it, so numbers and bytes survive; it may be malformed. */
export const ToolCall = Schema.TaggedStruct("ToolCall", {
  callId: CallId,
  providerId: Schema.String,
  name: Schema.String,
  input: Schema.String
})
export type ToolCall = typeof ToolCall.Type

export const ResultContent = Schema.Union([Text, Image, Document])
export type ResultContent = typeof ResultContent.Type

/** What the model is told about one call. Every call has exactly one in a later request. */
export const ToolResult = Schema.TaggedStruct("ToolResult", {
  callId: CallId,
  isError: Schema.Boolean,
  content: Schema.Array(ResultContent)
})
export type ToolResult = typeof ToolResult.Type

export const Block = Schema.Union([Text, Thinking, Opaque, Image, Document, ToolCall, ToolResult]).pipe(
  Schema.toTaggedUnion("_tag")
)
export type Block = typeof Block.Type

/** What a user may send. */
export const UserBlock = Schema.Union([Text, Image, Document])
export type UserBlock = typeof UserBlock.Type

export const text = (text: string): Text => ({ _tag: "Text", text })

/** The text blocks of some content, joined. */
export const textOf = (blocks: ReadonlyArray<Block>): string =>
  blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : [])).join("")
