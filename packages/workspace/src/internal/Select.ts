import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as Disk from "./Disk.ts"
import type { Settings } from "./FileSettings.ts"
import * as Host from "./Host.ts"
import * as Paths from "./Paths.ts"
import * as Pattern from "./Pattern.ts"
import { type Skipped, Walk, type WalkOptions } from "./Walk.ts"

export interface Wanted {
  /** Paths that are included by name, and those that patterns found and that are not named. */
  readonly named: ReadonlySet<string>
  readonly found: ReadonlySet<string>
  readonly skipped: ReadonlyArray<Skipped>
}

const refusal = (entry: string): string | undefined =>
  Paths.refusal(entry, Host.platform) ?? Pattern.patternRefusal(Paths.normalise(entry))

const exists = (path: string): Effect.Effect<boolean> => Effect.isSuccess(Disk.kind(path))

/** Whether a path, or a directory that it is in, is excluded. A name in `exclude` may have wildcards in it, and then is both. */
const excluder = (exclude: ReadonlyArray<string>) => {
  const names = new Set(exclude)
  const globs = exclude.filter(Pattern.isPattern).map((pattern) => Glob.make(pattern, { dot: true }))
  return (path: string): boolean => names.has(path) || globs.some((glob) => Glob.match(glob, path))
}

const itselfOrAbove =
  (excludes: (path: string) => boolean) =>
  (path: string): boolean => {
    const segments = path.split("/")
    return segments.some((_, i) => excludes(segments.slice(0, i + 1).join("/")))
  }

const searchedInPart = (hit: ReadonlySet<string>): string =>
  `not all of the workspace was searched: ${[...hit].join(", and ")}`

/** Which files the entries of `include` stand for, without those of `exclude`. */
export const select = Effect.fnUntraced(function* (
  settings: Pick<Settings, "include" | "exclude">,
  options: Omit<WalkOptions, "excludes">
) {
  const skipped: Array<Skipped> = []
  const refused = (entry: string) => {
    const reason = refusal(entry)
    if (reason !== undefined) skipped.push({ path: entry, reason })
    return reason !== undefined
  }
  const excludes = excluder(settings.exclude.filter((entry) => !refused(entry)).map(Paths.normalise))
  const excluded = itselfOrAbove(excludes)
  const walk = new Walk({ ...options, excludes })
  const named = new Set<string>()
  const found = new Set<string>()
  for (const entry of settings.include) {
    const path = Paths.normalise(entry)
    const pattern = Pattern.isPattern(path) && !(yield* exists(Disk.join(options.root, path)))
    if (!pattern) {
      const reason = Paths.refusal(entry, Host.platform) ?? (excluded(path) ? "`exclude` leaves it out" : undefined)
      if (reason === undefined) named.add(path)
      else skipped.push({ path: entry, reason })
    } else if (!refused(entry)) {
      const before = walk.hit.size
      const matches = yield* walk.find(path)
      skipped.push(...matches.skipped)
      for (const match of matches.paths) found.add(match)
      if (walk.hit.size > before) skipped.push({ path: entry, reason: searchedInPart(walk.hit) })
      else if (matches.paths.length === 0 && matches.skipped.length === 0 && walk.hit.size === 0)
        skipped.push({
          path: entry,
          reason:
            matches.ignored === 0 ? "matches no file" : "matches no file that .gitignore or .parleyignore leaves in"
        })
    }
  }
  skipped.push(...walk.skipped)
  const wanted: Wanted = { named, found: new Set([...found].filter((path) => !named.has(path))), skipped }
  return { ...wanted, seen: walk.seen }
})
