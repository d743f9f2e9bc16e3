import * as Schema from "effect/Schema"

/** One piece of a request: where it came from and what it costs. */
export const Segment = Schema.Struct({
  /** `system` and `tools` belong to the baseline, `round` to the round's user message, `history` to earlier rounds. */
  part: Schema.Literals(["system", "tools", "round", "history"]),
  /** Such as `instructions`, `file:src/a.ts`, `tool:fs_read`, `dynamic:status`. */
  source: Schema.String,
  bytes: Schema.Int,
  /** An estimate: a quarter of the bytes. */
  tokens: Schema.Int,
  /** The first 16 hexadecimal digits of the SHA-256 of the bytes. */
  hash: Schema.String
})
export type Segment = typeof Segment.Type
