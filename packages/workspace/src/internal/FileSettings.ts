import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const ceiling = 4 * 1024 * 1024

const bounded = (maximum: number, unit: string) =>
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }, { expected: `a number of ${unit}, 1 to ${maximum}` }))
const bytes = Schema.optionalKey(bounded(ceiling, "bytes"))
const tokens = Schema.optionalKey(bounded(ceiling / 4, "tokens"))

const entries = Schema.Array(Schema.String)
  .check(Schema.isMaxLength(256, { expected: "256 entries at most" }))
  .pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))

/** `.parley/context.json`. */
export const ProjectFile = Schema.Struct({
  /**
   * Paths in the workspace, with `/`. One that names no file and has `*`, `?`, `[` or `{` is a pattern of `effect/Glob`;
   * patterns find nothing that `.gitignore` or `.parleyignore` leaves out.
   */
  include: entries,
  /** Paths and patterns of what is not taken after all, in whatever way it was included. A directory stands for all in it. */
  exclude: entries,
  /** What is switched off for now. It is left out like what is excluded, and named as such. */
  inactive: entries,
  /** Whether AGENTS.md and CLAUDE.md are shown as instructions. They are, unless this is false. */
  instructions: Schema.optionalKey(Schema.Boolean),
  /** How large one file may be, in tokens; they are estimated as a quarter of its bytes. 65536 unless said in either unit. */
  maxFileTokens: tokens,
  /** How large all files together may be. 262144 unless said in either unit. */
  maxTokens: tokens,
  maxFileBytes: bytes,
  maxTotalBytes: bytes
})
export type Settings = typeof ProjectFile.Type

/** Those of a workspace that says nothing. */
export const none: Settings = { include: [], exclude: [], inactive: [] }

/** The same estimate as a manifest's. */
export const estimate = (bytes: number): number => Math.ceil(bytes / 4)

/** How many bytes there may be, and how to say that there are more. */
export interface Budget {
  readonly bytes: number
  readonly unit: "bytes" | "tokens"
}

const budget = (tokens: number | undefined, bytes: number | undefined, byDefault: number): Budget => {
  const inTokens: Budget = { bytes: (tokens ?? byDefault) * 4, unit: "tokens" }
  if (bytes === undefined) return inTokens
  return tokens !== undefined && inTokens.bytes < bytes ? inTokens : { bytes, unit: "bytes" }
}

export const perFile = (settings: Settings): Budget => budget(settings.maxFileTokens, settings.maxFileBytes, 65_536)
export const inTotal = (settings: Settings): Budget => budget(settings.maxTokens, settings.maxTotalBytes, 262_144)

export const tooLarge = ({ bytes, unit }: Budget, size: number): string =>
  unit === "bytes"
    ? `is larger than ${bytes} bytes (it has ${size})`
    : `is larger than ${bytes / 4} tokens (it has an estimated ${estimate(size)}); maxFileTokens sets the limit`

export const tooMuch = ({ bytes, unit }: Budget, size: number): string =>
  unit === "bytes"
    ? `the files together are larger than ${bytes} bytes`
    : `the files together are larger than ${bytes / 4} tokens (this one has an estimated ${estimate(size)}); maxTokens sets the limit`
