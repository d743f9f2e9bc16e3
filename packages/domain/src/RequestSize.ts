import * as Schema from "effect/Schema"

/** How large a request is, and who says so. */
export const TokenCount = Schema.Struct({
  tokens: Schema.Int,
  /**
   * `counted` by the provider for this request; `reported` by it for the request before, with an estimate of what was added
   * since; or `estimated` as a quarter of the bytes.
   */
  by: Schema.Literals(["counted", "reported", "estimated"])
})
export type TokenCount = typeof TokenCount.Type

/** A provider's own words for what goes with every request beside the conversation, such as the longest answer. */
export const RequestSettings = Schema.Record(Schema.String, Schema.Json)
export type RequestSettings = typeof RequestSettings.Type

/** What a part of a request's body is. Messages and blocks count from 0. */
export const PieceOf = Schema.TaggedUnion({
  /** The provider's form around it all: names, brackets, settings and cache markers. */
  Envelope: {},
  Tool: { name: Schema.String },
  System: {},
  Block: { message: Schema.Int, block: Schema.Int }
})
export type PieceOf = typeof PieceOf.Type

/** A part of a request's body as it travels. All pieces, joined, are the body. */
export interface Piece {
  readonly of: PieceOf
  readonly text: string
}
