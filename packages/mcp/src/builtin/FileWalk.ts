import type { Dirent } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import { quickListing } from "@parley/os/QuickReads"
import { byName, type Listed, readConfined } from "./Confinement.ts"
import { quickly, type QuickPlace, quickPlace } from "./QuickPlace.ts"

export interface Entry {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly kind: "file" | "directory" | "link" | "other"
}

export interface WalkOptions {
  readonly entries: number
  readonly depth: number
  /** In milliseconds. */
  readonly millis: number
  /** What ignore files leave out; nothing when absent. */
  readonly ignore?: IgnoreRules | undefined
  /** Whether names that begin with a dot are left out. */
  readonly withoutHidden?: boolean
  /** Whether `node_modules` is entered. */
  readonly packages?: boolean
}

export interface Walk {
  /** In the order of nearness: by depth, then by path. */
  readonly entries: ReadonlyArray<Entry>
  /** Directories that are listed but not entered, unless the requested path is inside them. */
  readonly skipped: ReadonlyArray<string>
  readonly unreadable: ReadonlyArray<string>
  /** Directories whose content ignore files leave out. */
  readonly ignored: ReadonlyArray<string>
  /** How many other entries ignore files leave out. */
  readonly ignoredFiles: number
  readonly ignoreFilesUnreadable: ReadonlyArray<string>
  /** Whether more entries or deeper directories exist than the limits allow. */
  readonly more: boolean
}

const kindOf = (entry: Dirent): Entry["kind"] =>
  entry.isSymbolicLink() ? "link" : entry.isDirectory() ? "directory" : entry.isFile() ? "file" : "other"

/** Lists a directory that the walk found, quickly where that is possible; `undefined` if it is one of Parley's own. */
const listBelow = Effect.fnUntraced(function* (place: QuickPlace, shown: string) {
  const listed = yield* quickly(place, shown, quickListing)
  if (listed === "withheld") return undefined
  if (listed === undefined) return yield* readConfined(place.root, shown)
  const real = join(place.root, shown)
  const entries = listed.entries.toSorted(byName)
  return { kind: "directory", real, shown, size: 0, device: listed.status.dev, entries } satisfies Listed
})

/** How many directories are listed before other fibers may run. */
const atOnce = 16

/**
 * Lists a directory recursively, level by level, so that the limits leave out the deepest entries first. Symbolic links are
 * listed but not followed. Parley's own directories are not entered, but the names of its files may be among the entries:
 * callers check what they show or open. The result is the same for the same tree, unless the time runs out.
 */
export const walk = Effect.fnUntraced(function* (root: string, path: string, options: WalkOptions) {
  const entries: Array<Entry> = []
  const skipped: Array<string> = []
  const unreadable: Array<string> = []
  const ignored: Array<string> = []
  let ignoredFiles = 0
  const look = options.ignore === undefined ? undefined : yield* options.ignore.begin
  const result = (more: boolean): Walk => {
    const ignoreFilesUnreadable = look?.unreadable().map((one) => one.path) ?? []
    return { entries, skipped, unreadable, ignored, ignoredFiles, ignoreFilesUnreadable, more }
  }
  const until = (yield* Clock.currentTimeMillis) + options.millis
  const first = yield* readConfined(root, path)
  const place = yield* quickPlace(root, first)
  const foreign = new Set(options.packages === true ? [".git"] : [".git", "node_modules"])
  let seen = 0

  let level: ReadonlyArray<string> = [first.shown]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= options.depth) return result(true)
    const next: Array<string> = []
    for (const [i, directory] of level.entries()) {
      if (i % atOnce === atOnce - 1) {
        yield* Effect.yieldNow
        if ((yield* Clock.currentTimeMillis) > until) return result(true)
      }
      const read = yield* depth === 0
        ? Effect.succeed(first)
        : Effect.orElseSucceed(listBelow(place, directory), () => "unreadable" as const)
      if (read === undefined) continue
      if (read === "unreadable") {
        unreadable.push(directory)
        continue
      }
      const names = new Set(read.entries.map(({ name }) => name))
      const ignores = yield* look?.within(directory, (name) => names.has(name)) ?? Effect.succeed(() => false)
      const above = directory === "" ? "" : `${directory}/`
      for (const found of read.entries) {
        if (entries.length >= options.entries || seen >= options.entries * 10) return result(true)
        seen += 1
        const shown = above + found.name
        const kind = kindOf(found)
        if (options.withoutHidden === true && found.name.startsWith(".")) continue
        if (ignores(found.name, kind === "directory")) {
          if (kind === "directory") ignored.push(shown)
          else ignoredFiles += 1
          continue
        }
        entries.push({ path: shown, kind })
        if (kind === "directory" && foreign.has(found.name)) skipped.push(shown)
        else if (kind === "directory") next.push(shown)
      }
    }
    level = next
  }
  return result(false)
})
