const half = /\\u[dD][89a-fA-F]/
/** An escaped pair, an escaped half of one, or any other escape, which is skipped so that `\\u` is not taken for one. */
const escapes = /\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\[^]/g

/**
 * The same JSON text without half characters, neither as they are nor as escapes, which are well-formed text and stand for
 * strings that are not: providers reject a request that repeats one. Nothing else is changed, and the text may be malformed.
 */
export const wellFormed = (json: string): string => {
  const text = json.toWellFormed()
  if (!half.test(text)) return text
  return text.replaceAll(escapes, (escape) => (half.test(escape) && escape.length === 6 ? "\\ufffd" : escape))
}
