import * as Schema from "effect/Schema"
import { Provenance } from "./Provenance.ts"

/**
 * One entry of a manifest: a part of a request with its source, the reason why it is there, and its size.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Segment = Schema.Struct({
  /** `system` and `tools` belong to the baseline, `round` to the round's user message, `history` to earlier rounds. */
  part: Schema.Literals(["system", "tools", "round", "history"]),
  /** For example `instructions`, `file:src/a.ts`, `tool:fs_read` or `dynamic:status`. */
  source: Schema.String,
  /** Why it is there, or why it is not. Shown to people, never to a model. */
  why: Schema.optionalKey(Schema.String),
  /** Who wrote it. Absent in logs of earlier versions; `provenanceOf` handles these. */
  provenance: Schema.optionalKey(Provenance),
  /** Size in UTF-8 bytes. A segment of 0 bytes has no content: it records why something was left out or not sent again. */
  bytes: Schema.Int,
  /** An estimate: a quarter of the bytes. */
  tokens: Schema.Int,
  /** The first 16 hexadecimal digits of the SHA-256 of the bytes. */
  hash: Schema.String
})
export type Segment = typeof Segment.Type

/** Sources whose text Parley itself has always written. */
const ofParley: ReadonlySet<string> = new Set(["tools", "environment", "project-instructions", "files", "date"])

/**
 * Who wrote a segment. If that is not stored, every text counts as `outside` unless Parley itself must have written it.
 *
 * @since 0.1.0
 * @category functions
 */
export const provenanceOf = ({ provenance, source }: Pick<Segment, "provenance" | "source">): Provenance =>
  provenance ?? (ofParley.has(source) ? "parley" : source.startsWith("tool:") ? "reviewed" : "outside")

/**
 * Whether a request is tainted: at least one segment that has content comes from outside.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTainted = (manifest: ReadonlyArray<Segment>): boolean =>
  manifest.some((segment) => segment.bytes > 0 && provenanceOf(segment) === "outside")

/**
 * Whether the next baseline supersedes blocks of this source, because it contains or sends again their current content.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSuperseded = (source: string): boolean => source.startsWith("file:") || source.startsWith("dynamic:")

/**
 * The segments that describe the blocks of a round part, or of a compaction's head: one per block, in the same order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofBlocks = (manifest: ReadonlyArray<Segment>): ReadonlyArray<Segment> =>
  manifest.filter(({ bytes, part }) => part === "round" && bytes > 0)
