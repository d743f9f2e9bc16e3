import * as Glob from "effect/Glob"
import * as HostPath from "../disk/HostPath.ts"
import * as WorkspacePaths from "./WorkspacePaths.ts"
import * as Pattern from "./Pattern.ts"

/** Why an entry of a project's lists is refused as a pattern, or `undefined`. */
export const refusal = (entry: string): string | undefined =>
  WorkspacePaths.refusal(entry, HostPath.platform) ?? Pattern.patternRefusal(WorkspacePaths.normalise(entry))

/**
 * Returns the entry that excludes exactly this path. An entry with wildcards is compared both as a literal name and as a
 * pattern. Refused entries exclude nothing.
 */
export const excluder = (exclude: ReadonlyArray<string>): ((path: string) => string | undefined) => {
  const entries = exclude
    .filter((entry) => refusal(entry) === undefined)
    .map((entry) => ({ entry, path: WorkspacePaths.normalise(entry) }))
  const names = new Map(entries.map(({ entry, path }) => [path, entry]))
  const globs = entries
    .filter(({ path }) => Pattern.isPattern(path))
    .map(({ entry, path }) => ({ entry, glob: Glob.make(path, { dot: true }) }))
  return (path) => names.get(path) ?? globs.find(({ glob }) => Glob.match(glob, path))?.entry
}

/** Returns the entry that excludes a path or one of its parent directories. */
export const itselfOrAbove =
  (excludes: (path: string) => string | undefined) =>
  (path: string): string | undefined => {
    const segments = path.split("/")
    for (let i = 1; i <= segments.length; i++) {
      const entry = excludes(segments.slice(0, i).join("/"))
      if (entry !== undefined) return entry
    }
    return undefined
  }
