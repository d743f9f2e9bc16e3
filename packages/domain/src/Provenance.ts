import * as Schema from "effect/Schema"

/**
 * Who wrote a piece of a request.
 *
 * - `user`: the person, by typing, as an argument or in their own configuration; or the application that holds the engine.
 * - `parley`: Parley's own words.
 * - `model`: an answer to a request that held nothing from outside.
 * - `reviewed`: the definition of a tool. A person accepts it, and pinning blocks it when it changes.
 * - `outside`: everything else: files, results of tools, servers, pipes, pastes, and what a model said of any of them.
 */
export const Provenance = Schema.Literals(["user", "parley", "model", "reviewed", "outside"])
export type Provenance = typeof Provenance.Type

/** Of what is made of several pieces: `outside` if any of them is, and else the given one. */
export const together = (pieces: ReadonlyArray<{ readonly provenance: Provenance }>, trusted: Provenance): Provenance =>
  pieces.some(({ provenance }) => provenance === "outside") ? "outside" : trusted

const Index = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** What of a block others than the user wrote: from `start` up to `end` in UTF-16 code units, or all of it. */
export const Stretch = Schema.Struct({
  /** The place of the block in the message. */
  block: Index,
  start: Schema.optionalKey(Index),
  end: Schema.optionalKey(Index)
})
export type Stretch = typeof Stretch.Type

/** A piece of a message. */
export interface Piece {
  readonly text: string
  readonly provenance: "user" | "outside"
}

/** A text in the pieces that the user wrote and those that others did, in order and without gaps. */
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
