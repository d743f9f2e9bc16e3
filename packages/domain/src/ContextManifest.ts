import * as Schema from "effect/Schema"
import { Provenance } from "./Provenance.ts"

/** One piece of a request: where it came from, why it is there and what it costs. */
export const Segment = Schema.Struct({
  /** `system` and `tools` belong to the baseline, `round` to the round's user message, `history` to earlier rounds. */
  part: Schema.Literals(["system", "tools", "round", "history"]),
  /** Such as `instructions`, `file:src/a.ts`, `tool:fs_read`, `dynamic:status`. */
  source: Schema.String,
  /** For a person: why it is there, or why it is not. */
  why: Schema.optionalKey(Schema.String),
  /** Who wrote it. Logs of earlier versions do not say; see `provenanceOf`. */
  provenance: Schema.optionalKey(Provenance),
  /** UTF-8. A segment of 0 bytes holds nothing: it says why something is not there, or is not there again. */
  bytes: Schema.Int,
  /** An estimate: a quarter of the bytes. */
  tokens: Schema.Int,
  /** The first 16 hexadecimal digits of the SHA-256 of the bytes. */
  hash: Schema.String
})
export type Segment = typeof Segment.Type

/** Sources whose words have always been Parley's own. */
const ofParley: ReadonlySet<string> = new Set(["tools", "environment", "project-instructions", "files", "date"])

/** Who wrote a segment. Where that is not stored, all but what Parley itself must have written is from outside. */
export const provenanceOf = ({ provenance, source }: Pick<Segment, "provenance" | "source">): Provenance =>
  provenance ?? (ofParley.has(source) ? "parley" : source.startsWith("tool:") ? "reviewed" : "outside")

/** Whether a request is tainted: a segment of it that has bytes is from outside. */
export const isTainted = (manifest: ReadonlyArray<Segment>): boolean =>
  manifest.some((segment) => segment.bytes > 0 && provenanceOf(segment) === "outside")

/** Whether blocks of this source are superseded by the next baseline, which holds or re-sends them as they are then. */
export const isSuperseded = (source: string): boolean => source.startsWith("file:") || source.startsWith("dynamic:")

/** The segments that stand for the blocks of a round part, or of a compaction's head, one for one. */
export const ofBlocks = (manifest: ReadonlyArray<Segment>): ReadonlyArray<Segment> =>
  manifest.filter(({ bytes, part }) => part === "round" && bytes > 0)
