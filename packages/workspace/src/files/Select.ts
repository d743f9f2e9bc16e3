import * as Effect from "effect/Effect"
import * as SafeFile from "../disk/SafeFile.ts"
import type { Settings } from "./FileSettings.ts"
import { excluder, itselfOrAbove, refusal } from "./Exclude.ts"
import * as HostPath from "../disk/HostPath.ts"
import * as WorkspacePaths from "./WorkspacePaths.ts"
import * as Pattern from "./Pattern.ts"
import { type Skipped, Walk, type WalkOptions } from "./Walk.ts"

export interface Wanted {
  /** The paths that are included by name. */
  readonly named: ReadonlySet<string>
  /** The other paths that match patterns, each with the first pattern that matches. */
  readonly found: ReadonlyMap<string, string>
  readonly skipped: ReadonlyArray<Skipped>
}

const exists = (path: string): Effect.Effect<boolean> => Effect.isSuccess(SafeFile.kind(path))

const searchedInPart = (hit: ReadonlySet<string>): string =>
  `not all of the workspace was searched: ${[...hit].join(", and ")}`

/** Finds the files that the entries of `include` name or match, without those of `exclude`. */
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
  const usable = settings.exclude.filter((entry) => !refused(entry))
  const entryFor = excluder(usable)
  const excludes = (path: string) => entryFor(path) !== undefined
  const excluded = (path: string) => itselfOrAbove(entryFor)(path) !== undefined
  const walk = new Walk({ ...options, excludes })
  const named = new Set<string>()
  const found = new Map<string, string>()
  for (const entry of settings.include) {
    const path = WorkspacePaths.normalise(entry)
    const pattern = Pattern.isPattern(path) && !(yield* exists(SafeFile.join(options.root, path)))
    if (!pattern) {
      const reason =
        WorkspacePaths.refusal(entry, HostPath.platform) ?? (excluded(path) ? "`exclude` excludes it" : undefined)
      if (reason === undefined) named.add(path)
      else skipped.push({ path: entry, reason })
    } else if (!refused(entry)) {
      const before = walk.hit.size
      const matches = yield* walk.find(path)
      skipped.push(...matches.skipped)
      for (const match of matches.paths) if (!found.has(match)) found.set(match, entry)
      if (walk.hit.size > before) skipped.push({ path: entry, reason: searchedInPart(walk.hit) })
      else if (matches.paths.length === 0 && matches.skipped.length === 0 && walk.hit.size === 0)
        skipped.push({
          path: entry,
          reason:
            matches.ignored === 0
              ? "matches no file"
              : ".gitignore or .parleyignore ignores all files that it could match"
        })
    }
  }
  skipped.push(...walk.skipped)
  const wanted: Wanted = { named, found: new Map([...found].filter(([path]) => !named.has(path))), skipped }
  return { ...wanted, seen: walk.seen }
})
