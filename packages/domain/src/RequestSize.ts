import * as Schema from "effect/Schema"

/**
 * The size of a request in tokens, and how it was determined.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TokenCount = Schema.Struct({
  tokens: Schema.Int,
  /**
   * `counted`: the provider counted this request. `reported`: the provider reported the size of the previous request, and
   * what was added since is estimated. `estimated`: a quarter of the UTF-8 bytes.
   */
  by: Schema.Literals(["counted", "reported", "estimated"])
})
export type TokenCount = typeof TokenCount.Type

/**
 * Provider-specific parameters of every request besides the conversation, such as the maximum length of the response.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RequestSettings = Schema.Record(Schema.String, Schema.Json)
export type RequestSettings = typeof RequestSettings.Type

/**
 * What a piece of a request's body represents. Indexes of messages and blocks start at 0.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PieceOf = Schema.TaggedUnion({
  /** The provider's framing: field names, brackets, settings and cache markers. */
  Envelope: {},
  Tool: { name: Schema.String },
  System: {},
  Block: { message: Schema.Int, block: Schema.Int }
})
export type PieceOf = typeof PieceOf.Type

/**
 * A piece of a request's body as sent. The concatenation of all pieces is the body.
 *
 * @since 0.1.0
 * @category models
 */
export interface Piece {
  readonly of: PieceOf
  readonly text: string
}
