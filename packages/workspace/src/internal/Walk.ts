import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as Result from "effect/Result"
import { join, list, realpathWithin } from "./Disk.ts"
import { isMissing } from "./Unreadable.ts"

const maxDepth = 32
const maxAlternatives = 256

export const isPattern = (path: string): boolean => /[*?[{]/.test(path)

/** Why a pattern is refused, or `undefined`. Braces multiply, and a project must not decide how long we compile. */
export const patternRefusal = (pattern: string): string | undefined => {
  const alternatives = pattern
    .split("{")
    .slice(1)
    .reduce((product, part) => product * part.split(",").length, 1)
  return alternatives > maxAlternatives ? `refused: more than ${maxAlternatives} alternatives in braces` : undefined
}

export interface Found {
  /** Everything the pattern matches that is not a directory. */
  readonly paths: ReadonlyArray<string>
  /** Directories that could not be looked into. */
  readonly skipped: ReadonlyArray<{ readonly path: string; readonly reason: string }>
  /** Directory entries that were looked at. */
  readonly visited: number
  /** Not all of the tree was looked at. */
  readonly cut: boolean
}

/** What a directory name must be for the walk to enter it: hidden ones and dependencies only when the pattern says so. */
const enters =
  (pattern: string) =>
  (name: string): boolean =>
    (!name.startsWith(".") || /(^|[/{,])\./.test(pattern)) &&
    (name !== "node_modules" || pattern.includes("node_modules"))

/**
 * The paths in `root` that match. The walk follows no symbolic link but those that the pattern names before its first
 * wildcard, and those only within `root`; it looks at `limit` entries and goes 32 directories deep at most.
 */
export const find = Effect.fnUntraced(function* (root: string, pattern: string, limit: number) {
  const segments = pattern.split("/")
  const wild = segments.findIndex((segment) => /[*?[\]{}\\]/.test(segment))
  const base = segments.slice(0, wild).join("/")
  // Each `/` is one directory at most, also inside braces, so this is never too shallow.
  const depthLimit = pattern.includes("**") ? maxDepth : Math.min(maxDepth, segments.length - 1)
  const glob = Glob.make(pattern)
  const mayEnter = enters(pattern)

  const paths: Array<string> = []
  const skipped: Array<{ readonly path: string; readonly reason: string }> = []
  const pending = [{ path: base, depth: wild }]
  let visited = 0
  let cut = false
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, depth } = next
    const place = join(root, path)
    const listed = yield* realpathWithin(root, place).pipe(
      Effect.flatMap((real) => list(real, limit - visited + 1)),
      Effect.result
    )
    if (Result.isFailure(listed)) {
      if (!isMissing(listed.failure)) skipped.push({ path: `${path}/`, reason: listed.failure.problem })
      continue
    }
    const entries = listed.success.slice(0, limit - visited)
    visited += entries.length
    if (entries.length < listed.success.length) cut = true
    for (const entry of entries) {
      const child = path === "" ? entry.name : `${path}/${entry.name}`
      if (!entry.isDirectory()) {
        if (Glob.match(glob, child)) paths.push(child)
      } else if (mayEnter(entry.name)) {
        if (depth < depthLimit) pending.push({ path: child, depth: depth + 1 })
        else if (depthLimit === maxDepth) cut = true
      }
    }
    if (cut && visited >= limit) break
  }
  const found: Found = { paths, skipped, visited, cut }
  return found
})
