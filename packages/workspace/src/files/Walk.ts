import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as Result from "effect/Result"
import type { FileLimits } from "./FileLimits.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as Ignore from "@parley/os/Ignore"
import type { IgnoreFiles } from "@parley/os/IgnoreFiles"
import { enters, literalPart } from "./Pattern.ts"
import { isMissing, type Unreadable } from "../disk/Unreadable.ts"

export interface Skipped {
  readonly path: string
  readonly reason: string
}

export interface Found {
  /** All entries that match the pattern, are not directories, and are not ignored. */
  readonly paths: ReadonlyArray<string>
  /** How many entries, files or directories to enter, were ignored because of ignore files. */
  readonly ignored: number
  /** Directories that could not be listed. */
  readonly skipped: ReadonlyArray<Skipped>
}

/** The ignore files of a workspace. */
export type IgnoreRules = IgnoreFiles<Unreadable>

export interface WalkOptions {
  /** A real path. */
  readonly root: string
  readonly limits: Pick<FileLimits, "entries" | "depth" | "millis">
  readonly ignoreFiles: IgnoreRules
  /** Whether a path is left out even if a pattern matches it. */
  readonly excludes: (path: string) => boolean
  /** A time of the monotonic clock, in milliseconds. */
  readonly deadline: number
}

/** How many directories are listed concurrently. */
const atOnce = 8

interface Entry {
  readonly name: string
  readonly directory: boolean
}

export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/**
 * Searches one workspace for several patterns, and lists each directory once. The result depends only on names, not on the
 * order of the file system: the walk descends level by level, sorted by code unit, and either processes a directory
 * completely or stops. It follows only symbolic links that a pattern names before its first wildcard, and only within
 * `root`.
 */
export class Walk {
  /** How many entries were inspected. */
  seen = 0
  /** The limits that were reached, described for users. */
  readonly hit = new Set<string>()
  /** Ignore files that could not be read. */
  get skipped(): ReadonlyArray<Skipped> {
    return this.options.ignoreFiles.skipped
  }
  private readonly listings = new Map<string, Result.Result<ReadonlyArray<Entry>, Unreadable>>()
  /** Listings that were read ahead and are not processed yet. */
  private readonly asked = new Map<string, Result.Result<Array<Entry>, Unreadable>>()
  private stopped = false
  private readonly options: WalkOptions

  constructor(options: WalkOptions) {
    this.options = options
  }

  /** The paths that match. */
  readonly find = Effect.fnUntraced({ self: this }, function* (pattern: string) {
    const { depth: maxDepth } = this.options.limits
    const base = literalPart(pattern)
    // Each `/` means one directory at most, even inside braces, so this limit is never too low.
    const depthLimit = pattern.includes("**") ? maxDepth : Math.min(maxDepth, pattern.split("/").length - 1)
    const glob = Glob.make(pattern)
    const mayEnter = enters(pattern)
    const paths: Array<string> = []
    const skipped: Array<Skipped> = []
    let ignored = 0

    const above = yield* this.options.ignoreFiles.above(base)
    if (above.by !== undefined) return { paths, ignored: 1, skipped } satisfies Found
    const pending = [{ path: base.join("/"), depth: base.length, above: above.scope }]
    let asked = 0
    for (const [i, { above, depth, path }] of pending.entries()) {
      if (this.stopped) break
      // Nearly all of the time is spent waiting for the system, so directories are listed ahead of time.
      if (i === asked) {
        const next = pending.slice(i, (asked = Math.min(pending.length, i + atOnce)))
        yield* Effect.forEach(next, ({ path }) => this.ask(path), { concurrency: atOnce, discard: true })
      }
      const listed = yield* this.list(path)
      if (Result.isFailure(listed)) {
        if (!isMissing(listed.failure)) skipped.push({ path: `${path}/`, reason: listed.failure.problem })
        continue
      }
      const entries = listed.success
      const has = (name: string) => entries.some((entry) => entry.name === name)
      const scope = yield* this.options.ignoreFiles.within(path, above, has)
      for (const [n, { directory, name }] of entries.entries()) {
        // Patterns and names come from the project: however slow matching is, this must end and let other fibers run.
        if (n % 32 === 31 && (yield* this.late)) break
        const child = path === "" ? name : `${path}/${name}`
        if (directory ? !mayEnter(name) : !Glob.match(glob, child)) continue
        if (this.options.excludes(child)) continue
        if (Ignore.ignores(scope, child, name, directory)) {
          ignored++
        } else if (!directory) {
          paths.push(child)
        } else if (depth < depthLimit) {
          pending.push({ path: child, depth: depth + 1, above: scope })
        } else if (depthLimit === maxDepth) {
          this.hit.add(`it is more than ${maxDepth} directories deep`)
        }
      }
    }
    return { paths, ignored, skipped } satisfies Found
  })

  private readonly late = Effect.gen({ self: this }, function* () {
    yield* Effect.yieldNow
    if ((yield* monotonicMillis) < this.options.deadline) return false
    this.stop(`it takes more than ${this.options.limits.millis} milliseconds`)
    return true
  })

  private stop(limit: string): void {
    this.stopped = true
    this.hit.add(limit)
  }

  /** Lists a directory ahead of time. `list` later decides whether it is used, and counts its entries, in order. */
  private readonly ask = Effect.fnUntraced({ self: this }, function* (path: string) {
    if (this.listings.has(path) || this.asked.has(path)) return
    if (yield* this.late) return
    const left = this.options.limits.entries - this.seen
    const { root } = this.options
    const listed = yield* SafeFile.list(SafeFile.join(root, path), { real: root }, left + 1).pipe(
      Effect.map((entries) => entries.map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))),
      Effect.result
    )
    this.asked.set(path, listed)
  })

  private readonly list = Effect.fnUntraced({ self: this }, function* (path: string) {
    const known = this.listings.get(path)
    if (known !== undefined) return known
    if (yield* this.late) return Result.succeed([])
    yield* this.ask(path)
    const listed = this.asked.get(path) ?? Result.succeed([])
    this.asked.delete(path)
    const left = this.options.limits.entries - this.seen
    if (Result.isSuccess(listed) && listed.success.length > left) {
      this.seen = this.options.limits.entries
      this.stop(`it has more than ${this.options.limits.entries} entries`)
      return Result.succeed([])
    }
    const sorted = Result.map(listed, (entries) => entries.sort(byName))
    this.seen += Result.isSuccess(sorted) ? sorted.success.length : 0
    this.listings.set(path, sorted)
    return sorted
  })
}
