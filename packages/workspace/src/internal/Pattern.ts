const maxAlternatives = 256

export const isPattern = (path: string): boolean => /[*?[{]/.test(path)

/** What comes before the first wildcard, in segments. */
export const literalPart = (pattern: string): ReadonlyArray<string> => {
  const segments = pattern.split("/")
  return segments.slice(
    0,
    segments.findIndex((segment) => /[*?[\]{}\\]/.test(segment))
  )
}

/** Case counts for nothing here: there are file systems to which `.GIT` is `.git`. */
const isOneOf = (names: ReadonlyArray<string>, name: string): boolean => names.includes(name.toLowerCase())

/** Why a pattern is refused, or `undefined`. Braces multiply, and a project must not decide how long we compile. */
export const patternRefusal = (pattern: string): string | undefined => {
  const alternatives = pattern
    .split("{")
    .slice(1)
    .reduce((product, part) => product * part.split(",").length, 1)
  if (alternatives > maxAlternatives) return `refused: more than ${maxAlternatives} alternatives in braces`
  const closed = literalPart(pattern).find((name) => isOneOf([".git", ".parley"], name))
  return closed === undefined ? undefined : `refused: \`${closed}\` is not searched; its files are named one by one`
}

/** Directories of git, of packages and our own: what is in them is not the project's. */
export const isForeign = (name: string): boolean => isOneOf([".git", ".parley", "node_modules"], name)

/**
 * Whether the walk enters a directory that the pattern does not name itself: hidden ones only when the pattern has hidden
 * names, those of git, of packages and our own never.
 */
export const enters =
  (pattern: string) =>
  (name: string): boolean =>
    !isForeign(name) && (!name.startsWith(".") || /(^|[/{,])\./.test(pattern))
