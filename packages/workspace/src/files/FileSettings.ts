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

/**
 * The content of `.parley/context.json`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProjectFile = Schema.Struct({
  /**
   * Paths in the workspace, with `/`. An entry that contains `*`, `?`, `[` or `{`, and that is not the name of a file, is a
   * pattern of `effect/Glob`. Patterns do not match files that `.gitignore` or `.parleyignore` ignores.
   */
  include: entries,
  /** Paths and patterns of files to leave out, however they were included. A directory excludes everything in it. */
  exclude: entries,
  /** Entries that are switched off temporarily. They are left out like excluded ones, but reported as switched off. */
  inactive: entries,
  /** Whether AGENTS.md and CLAUDE.md are shown as instructions. Default: true. */
  instructions: Schema.optionalKey(Schema.Boolean),
  /** Names of files that are instructions in directories with none of the usual names, such as `GEMINI.md`. */
  instructionNames: Schema.optionalKey(
    Schema.Array(
      Schema.String.check(
        Schema.makeFilter((name) => /^(?!\.{1,2}$)[^/\\]{1,255}$/.test(name), {
          expected: "the name of a file, without a path"
        })
      )
    ).check(Schema.isMaxLength(16, { expected: "16 entries at most" }))
  ),
  /**
   * The size limit of one file in tokens, which are estimated as a quarter of its bytes. Default: 65536, unless a limit is
   * set in either unit.
   */
  maxFileTokens: tokens,
  /** The size limit of all files together, in tokens. Default: 262144, unless a limit is set in either unit. */
  maxTokens: tokens,
  maxFileBytes: bytes,
  maxTotalBytes: bytes
})
export type Settings = typeof ProjectFile.Type

/** The settings of a workspace without `.parley/context.json`. */
export const none: Settings = { include: [], exclude: [], inactive: [] }

/** Estimates tokens from bytes, in the same way as a manifest. */
export const estimate = (bytes: number): number => Math.ceil(bytes / 4)

/** A size limit in bytes, and the unit in which to report that it is exceeded. */
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
