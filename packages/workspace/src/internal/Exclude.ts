import * as Glob from "effect/Glob"
import * as Host from "./Host.ts"
import * as Paths from "./Paths.ts"
import * as Pattern from "./Pattern.ts"

/** Why an entry of a project's lists may not be used as a pattern, or `undefined`. */
export const refusal = (entry: string): string | undefined =>
  Paths.refusal(entry, Host.platform) ?? Pattern.patternRefusal(Paths.normalise(entry))

/**
 * Which entry excludes a path, by itself; a name in `exclude` may have wildcards in it, and then is both. Entries that may
 * not be used exclude nothing.
 */
export const excluder = (exclude: ReadonlyArray<string>): ((path: string) => string | undefined) => {
  const entries = exclude
    .filter((entry) => refusal(entry) === undefined)
    .map((entry) => ({ entry, path: Paths.normalise(entry) }))
  const names = new Map(entries.map(({ entry, path }) => [path, entry]))
  const globs = entries
    .filter(({ path }) => Pattern.isPattern(path))
    .map(({ entry, path }) => ({ entry, glob: Glob.make(path, { dot: true }) }))
  return (path) => names.get(path) ?? globs.find(({ glob }) => Glob.match(glob, path))?.entry
}

/** Which entry excludes a path, or a directory that it is in. */
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
