import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import { plainLine } from "@parley/domain/VisibleText"
import { PathRefused } from "./Confinement.ts"

const maxCharacters = 1024

/** Alternatives in braces multiply, so they are limited. */
const maxAlternatives = 256

const alternatives = (glob: string): number =>
  glob
    .split("{")
    .slice(1)
    .reduce((product, part) => product * part.split(",").length, 1)

/**
 * Whether a path, relative to the workspace, matches a glob. A glob without a slash is compared with the name alone, any other
 * with the path from the workspace or from the directory `base`. With `!` before it, everything else matches.
 */
export const nameFilter = (
  glob: string | undefined,
  base: string
): Effect.Effect<(path: string) => boolean, PathRefused> => {
  if (glob === undefined) return Effect.succeed(() => true)
  const negated = glob.startsWith("!")
  const pattern = (negated ? glob.slice(1) : glob).replace(/^(?:\.?\/)+/, "")
  if (pattern === "" || glob.length > maxCharacters || alternatives(pattern) > maxAlternatives) {
    const problem = `The glob ${plainLine(glob, 200)} cannot be used: it is empty, too long, or has too many alternatives.`
    return Effect.fail(new PathRefused({ problem }))
  }
  const compiled = Glob.make(pattern, { dot: true })
  const start = base === "" ? "" : `${base}/`
  const matches = (path: string): boolean => {
    if (!pattern.includes("/")) return Glob.match(compiled, path.slice(path.lastIndexOf("/") + 1))
    return Glob.match(compiled, path) || (path.startsWith(start) && Glob.match(compiled, path.slice(start.length)))
  }
  return Effect.succeed((path) => matches(path) !== negated)
}
