import * as Schema from "effect/Schema"

/**
 * Who wrote a part of a request.
 *
 * - `user`: the person, by typing, in an argument or in their own configuration; or the application that runs the engine.
 * - `parley`: Parley itself.
 * - `model`: the model, in response to a request that contained nothing from outside.
 * - `reviewed`: a definition of a tool or a server's instructions. A person accepted it, and it is blocked when it
 *   changes.
 * - `outside`: everything else: files, tool results, servers, pipes, pasted text, and what a model wrote in response to
 *   them.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Provenance = Schema.Literals(["user", "parley", "model", "reviewed", "outside"])
export type Provenance = typeof Provenance.Type

/**
 * The provenance of a combination: `outside` if any of its pieces is from outside, otherwise `trusted`.
 *
 * @since 0.1.0
 * @category functions
 */
export const together = (pieces: ReadonlyArray<{ readonly provenance: Provenance }>, trusted: Provenance): Provenance =>
  pieces.some(({ provenance }) => provenance === "outside") ? "outside" : trusted

const Index = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A part of a block that was not written by the user: from `start` (inclusive) to `end` (exclusive) in UTF-16 code units.
 * Without them, the part extends to the beginning or the end of the block.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Stretch = Schema.Struct({
  /** Index of the block in the message. */
  block: Index,
  start: Schema.optionalKey(Index),
  end: Schema.optionalKey(Index)
})
export type Stretch = typeof Stretch.Type

/**
 * A piece of a text with one author.
 *
 * @since 0.1.0
 * @category models
 */
export interface Piece {
  readonly text: string
  readonly provenance: "user" | "outside"
}

/**
 * Splits a text into pieces written by the user and pieces from outside, in order and without gaps.
 *
 * @since 0.1.0
 * @category functions
 */
export const pieces = (text: string, outside: ReadonlyArray<Stretch>): ReadonlyArray<Piece> => {
  const found: Array<Piece> = []
  let at = 0
  const take = (end: number, provenance: Piece["provenance"]) => {
    if (end <= at) return
    const piece = text.slice(at, end)
    if (piece !== "") found.push({ text: piece, provenance })
    at = end
  }
  for (const { end = text.length, start = 0 } of [...outside].sort((a, b) => (a.start ?? 0) - (b.start ?? 0))) {
    take(start, "user")
    take(end, "outside")
  }
  take(text.length, "user")
  return found
}
