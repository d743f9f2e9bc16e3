import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as Result from "effect/Result"
import type { FileLimits } from "../FileLimits.ts"
import { join } from "./Disk.ts"
import * as Ignore from "./Ignore.ts"
import { IgnoreFiles } from "./IgnoreFiles.ts"
import { list } from "./Listing.ts"
import { enters, literalPart } from "./Pattern.ts"
import { isMissing, type Unreadable } from "./Unreadable.ts"

export interface Skipped {
  readonly path: string
  readonly reason: string
}

export interface Found {
  /** Everything the pattern matches that is not a directory, and that is not ignored. */
  readonly paths: ReadonlyArray<string>
  /** How many more there would be without ignore files. */
  readonly ignored: number
  /** Directories that could not be looked into. */
  readonly skipped: ReadonlyArray<Skipped>
}

export interface WalkOptions {
  readonly root: string
  readonly limits: Pick<FileLimits, "entries" | "depth" | "millis">
  /** The text of an ignore file. */
  readonly load: (path: string) => Effect.Effect<string, Unreadable>
  /** What is left out whatever matches it. */
  readonly excludes: (path: string) => boolean
  /** Of the monotonic clock, in milliseconds. */
  readonly deadline: number
}

/** Directories that are listed at the same time. */
const atOnce = 8

interface Entry {
  readonly name: string
  readonly directory: boolean
}

export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

export const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/**
 * Searches one workspace for several patterns, and lists each directory once. What is found depends on names alone, never
 * on the order in which a disk has them: the walk goes down level by level, by code unit, and takes a directory whole or
 * stops. It follows no symbolic link but those that a pattern names before its first wildcard, and those only within `root`.
 */
export class Walk {
  /** Entries that were looked at. */
  seen = 0
  /** Which limits were hit, in words. */
  readonly hit = new Set<string>()
  /** Ignore files that could not be read. */
  get skipped(): ReadonlyArray<Skipped> {
    return this.ignoreFiles.skipped
  }
  private readonly listings = new Map<string, Result.Result<ReadonlyArray<Entry>, Unreadable>>()
  /** Listings whose turn has not come. */
  private readonly asked = new Map<string, Result.Result<Array<Entry>, Unreadable>>()
  private readonly ignoreFiles: IgnoreFiles
  private stopped = false
  private readonly options: WalkOptions

  constructor(options: WalkOptions) {
    this.options = options
    this.ignoreFiles = new IgnoreFiles(options.load)
  }

  /** The paths that match. */
  readonly find = Effect.fnUntraced({ self: this }, function* (pattern: string) {
    const { depth: maxDepth } = this.options.limits
    const base = literalPart(pattern)
    // Each `/` is one directory at most, also inside braces, so this is never too shallow.
    const depthLimit = pattern.includes("**") ? maxDepth : Math.min(maxDepth, pattern.split("/").length - 1)
    const glob = Glob.make(pattern)
    const mayEnter = enters(pattern)
    const paths: Array<string> = []
    const skipped: Array<Skipped> = []
    let ignored = 0

    const above = yield* this.ignoreFiles.above(base)
    if (above.by !== undefined) return { paths, ignored: 1, skipped } satisfies Found
    const pending = [{ path: base.join("/"), depth: base.length, above: above.scope }]
    let asked = 0
    for (const [i, { above, depth, path }] of pending.entries()) {
      if (this.stopped) break
      // Nearly all of the time is waiting for the system, so directories are asked for before it is their turn.
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
      const scope = yield* this.ignoreFiles.within(path, above, has)
      for (const [n, { directory, name }] of entries.entries()) {
        // Patterns and names are the project's: however slow they are together, this ends and lets others have their turn.
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

  /** Lists a directory that will be wanted. Which are taken, and how many entries that makes, is decided in their turn. */
  private readonly ask = Effect.fnUntraced({ self: this }, function* (path: string) {
    if (this.listings.has(path) || this.asked.has(path)) return
    if (yield* this.late) return
    const left = this.options.limits.entries - this.seen
    const listed = yield* list(join(this.options.root, path), this.options.root, left + 1).pipe(
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
