import * as Context from "effect/Context"

/** What a project's patterns and files may cost each time they are looked at, whatever the project says. */
export interface FileLimits {
  /** Entries of directories that are looked at. */
  readonly entries: number
  /** Directories below the workspace that are gone down. */
  readonly depth: number
  /** Files that are opened or asked for their size. */
  readonly candidates: number
  /** Files that are taken. */
  readonly files: number
  /** Bytes of files that are read, those that turn out not to be text included. */
  readonly bytes: number
  /** Milliseconds, searching and reading together. */
  readonly millis: number
  /** Skipped things that are named; the rest are counted. */
  readonly skipped: number
}

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
