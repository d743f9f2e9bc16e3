const maxAlternatives = 256

export const isPattern = (path: string): boolean => /[*?[{]/.test(path)

/** The segments of a pattern before the first one with a wildcard. */
export const literalPart = (pattern: string): ReadonlyArray<string> => {
  const segments = pattern.split("/")
  return segments.slice(
    0,
    segments.findIndex((segment) => /[*?[\]{}\\]/.test(segment))
  )
}

/** Ignores case, because on some file systems `.GIT` is `.git`. */
const isOneOf = (names: ReadonlyArray<string>, name: string): boolean => names.includes(name.toLowerCase())

/**
 * Why a pattern is refused, or `undefined`. Alternatives in braces multiply, so they are limited: a project must not be able
 * to make compiling its patterns slow.
 */
export const patternRefusal = (pattern: string): string | undefined => {
  const alternatives = pattern
    .split("{")
    .slice(1)
    .reduce((product, part) => product * part.split(",").length, 1)
  if (alternatives > maxAlternatives) return `refused: more than ${maxAlternatives} alternatives in braces`
  const closed = literalPart(pattern).find((name) => isOneOf([".git", ".parley"], name))
  return closed === undefined ? undefined : `refused: patterns do not search \`${closed}\`; include its files by name`
}

/** Whether a directory belongs to git, a package manager or Parley: its content is not the project's own. */
export const isForeign = (name: string): boolean => isOneOf([".git", ".parley", "node_modules"], name)

/**
 * Whether the walk enters a directory that the pattern does not name literally: hidden directories only if the pattern
 * contains hidden names, those of git, package managers and Parley never.
 */
export const enters =
  (pattern: string) =>
  (name: string): boolean =>
    !isForeign(name) && (!name.startsWith(".") || /(^|[/{,])\./.test(pattern))
