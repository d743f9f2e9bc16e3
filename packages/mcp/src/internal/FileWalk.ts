import type { Dirent } from "node:fs"
import * as Effect from "effect/Effect"
import { leadsToOwn, readConfined } from "./Confinement.ts"

/** Directories that are named and not entered, unless a path leads into them. */
export const skippedDirectories: ReadonlySet<string> = new Set([".git", "node_modules"])

export interface Entry {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly kind: "file" | "directory" | "link" | "other"
}

export interface WalkLimits {
  readonly entries: number
  readonly depth: number
  /** Whether files are asked what they are: one may be another name of a file of Parley's. Whoever opens them asks anyway. */
  readonly files: boolean
}

export interface Walk {
  readonly entries: ReadonlyArray<Entry>
  readonly skipped: ReadonlyArray<string>
  readonly unreadable: ReadonlyArray<string>
  /** Whether more entries or deeper directories exist than the limits allow. */
  readonly more: boolean
}

const kindOf = (entry: Dirent): Entry["kind"] =>
  entry.isSymbolicLink() ? "link" : entry.isDirectory() ? "directory" : entry.isFile() ? "file" : "other"

/**
 * What is in a directory and below it, level by level, so that a limit costs the deepest entries first. Links are named and
 * not followed. The same tree always gives the same answer.
 */
export const walk = Effect.fnUntraced(function* (root: string, path: string, limits: WalkLimits) {
  const entries: Array<Entry> = []
  const skipped: Array<string> = []
  const unreadable: Array<string> = []
  const result = (more: boolean): Walk => ({ entries, skipped, unreadable, more })

  let level: ReadonlyArray<string> = [path]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= limits.depth) return result(true)
    const next: Array<string> = []
    for (const directory of level) {
      const read = yield* Effect.result(readConfined(root, directory))
      if (read._tag === "Failure") {
        if (depth === 0) return yield* read.failure
        unreadable.push(directory)
        continue
      }
      const above = read.success.shown === "" ? "" : `${read.success.shown}/`
      for (const found of read.success.entries) {
        if (entries.length >= limits.entries) return result(true)
        const shown = above + found.name
        const kind = kindOf(found)
        if ((kind !== "file" || limits.files) && (yield* leadsToOwn(read.success, found.name))) continue
        entries.push({ path: shown, kind })
        if (kind === "directory" && skippedDirectories.has(found.name)) skipped.push(shown)
        else if (kind === "directory") next.push(shown)
      }
    }
    level = next
  }
  return result(false)
})
