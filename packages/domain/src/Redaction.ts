import * as Schema from "effect/Schema"

/**
 * The only mechanism that redacts. Callers state which values are secret: `SecretValues` of `mcp` finds those of a
 * configuration, and a key that a host holds is known. Each text is redacted before it is cut, since a secret that was cut
 * would no longer be recognised.
 */

/**
 * Replaces secrets in a text.
 *
 * @since 0.1.0
 * @category models
 */
export type Redact = (text: string) => string

/**
 * What stands for a secret.
 *
 * @since 0.1.0
 * @category constants
 */
export const redactionMark = "…"

/**
 * Shorter values are not redacted, since they would match in ordinary words. In UTF-16 code units.
 *
 * @since 0.1.0
 * @category constants
 */
export const shortestSecret = 6

/**
 * Options of a redaction.
 *
 * @since 0.1.0
 * @category models
 */
export interface RedactionOptions {
  /** What replaces a secret. */
  readonly mark?: string
  /** The length of the shortest secret. Smaller than usual only for values that are certainly secret. */
  readonly shortest?: number
}

const encodeString = Schema.encodeSync(Schema.fromJsonString(Schema.String))

/** The forms in which a secret may occur in a text: unchanged, percent-encoded as in URLs, or escaped as in JSON. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const inAddress = encodeURIComponent(secret.toWellFormed())
  const inPath = encodeURI(secret.toWellFormed())
  return [
    secret,
    inAddress,
    inAddress.replaceAll("%20", "+"),
    inPath,
    // As in a JSON Pointer within a URI fragment.
    inPath.replaceAll("~", "~0").replaceAll("/", "~1"),
    inAddress.replaceAll(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase()),
    encodeString(secret).slice(1, -1)
  ]
}

/** Removes the beginning of a secret from the end of a piece: the text was truncated in the middle of that secret. */
const withoutBeginning = (piece: string, secret: string): string => {
  for (let n = Math.min(secret.length - 1, piece.length); n >= shortestSecret; n--)
    if (piece.endsWith(secret.slice(0, n))) return piece.slice(0, -n)
  return piece
}

const ellipsis = "…"
const cutMark = /((?: \[)?…)/

const without = (text: string, secret: string, mark: string): string => {
  const whole = text.replaceAll(secret, () => mark)
  return whole.includes(ellipsis)
    ? whole
        .split(cutMark)
        .map((piece, i, all) => (i % 2 === 0 && i < all.length - 1 ? withoutBeginning(piece, secret) : piece))
        .join("")
    : whole
}

/**
 * Redacts secrets in a text, including the beginning of a secret where the text was truncated in the middle of it.
 *
 * @since 0.1.0
 * @category functions
 */
export const redactionOf = (
  secrets: ReadonlyArray<string>,
  { mark = redactionMark, shortest = shortestSecret }: RedactionOptions = {}
): Redact => {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter((secret) => secret.length >= shortest)
    // Longest first, since one secret may be the beginning of another.
    .toSorted((left, right) => right.length - left.length)
  return forms.length === 0
    ? (text) => text
    : (text) => forms.reduce((redacted, secret) => without(redacted, secret, mark), text)
}

/**
 * Applies `redact` to every string in a JSON value, and `names` to every key.
 *
 * @since 0.1.0
 * @category functions
 */
export const redactionInJson = (redact: Redact, names: Redact = redact): ((json: Schema.Json) => Schema.Json) => {
  const go = (json: Schema.Json): Schema.Json => {
    if (typeof json === "string") return redact(json)
    if (typeof json !== "object" || json === null) return json
    if (Array.isArray(json)) return json.map(go)
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [names(key), go(value)]))
  }
  return go
}
