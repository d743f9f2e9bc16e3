import * as Context from "effect/Context"

/**
 * Limits on searching and reading a project's files, for each request for the files. A project cannot raise them.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileLimits {
  /** Directory entries that are inspected. */
  readonly entries: number
  /** The depth of directories below the workspace that are searched. */
  readonly depth: number
  /** Files that are opened or whose sizes are read. */
  readonly candidates: number
  /** Files that are included. */
  readonly files: number
  /** Bytes that are read, including those of files that turn out not to be text. */
  readonly bytes: number
  /** Milliseconds for searching and reading together. */
  readonly millis: number
  /** Skipped files that are reported by name; the rest are counted. */
  readonly skipped: number
}

/**
 * The limits in use.
 *
 * @since 0.1.0
 * @category services
 */
export const FileLimits = Context.Reference<FileLimits>("@parley/workspace/FileLimits", {
  defaultValue: () => ({
    entries: 200_000,
    depth: 32,
    candidates: 10_000,
    files: 1000,
    bytes: 64 * 1024 * 1024,
    millis: 15_000,
    skipped: 200
  })
})
