const half = /\\u[dD][89a-fA-F]/
/**
 * An escaped surrogate pair, an escaped lone surrogate, or any other escape. Other escapes are matched so that the text
 * `\\u` is not mistaken for the start of a Unicode escape.
 */
const escapes = /\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\[^]/g

/**
 * The JSON text with every lone surrogate, literal or escaped, replaced by U+FFFD. An escaped lone surrogate is
 * well-formed text but decodes to a string that is not, and providers reject requests that contain one. Everything else
 * is unchanged; the text need not be valid JSON.
 *
 * @since 0.1.0
 * @category functions
 */
export const wellFormed = (json: string): string => {
  const text = json.toWellFormed()
  if (!half.test(text)) return text
  return text.replaceAll(escapes, (escape) => (half.test(escape) && escape.length === 6 ? "\\ufffd" : escape))
}
