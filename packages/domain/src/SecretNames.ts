/**
 * Which names mark a value as secret: names of environment variables, headers, options and keys. Code that finds secrets by
 * their name uses this rule.
 */

/** The words of a name in lower case; the same for `API_KEY`, `x-api-key` and `apiKey`. */
const wordsOf = (name: string): ReadonlyArray<string> =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "")

const secretWords = new Set(
  "key keys pass pwd pat pin auth authorization cookie cookies jwt bearer dsn signature credentials credential session".split(
    " "
  )
)
const secretEndings = /(?:token|secret|password|passwd|passphrase|apikey|accesskey|privatekey|credential)s?$/

/** A name that ends in one of these describes a secret or its location: `KEY_FILE`, `TOKEN_LIMIT`, `AUTH_MODE`. */
const aboutWords = new Set(
  (
    "path paths file files dir directory folder url uri host hostname port type kind mode method name names id ids user " +
    "username email limit max min count size length ttl timeout expiry seconds realm domain region format algorithm " +
    "header headers issuer audience scope scopes endpoint prefix suffix enabled disabled version level model tool tools " +
    "project tenant org organization account profile environment env provider binding store storage command"
  ).split(" ")
)
/** Suffixes that are ignored when the last word of a name is determined: `TOKEN_PROD`, `PASSWORD_DEFAULT`. */
const places = new Set("prod production dev development staging test live default primary secondary main".split(" "))

/**
 * What a name tells about its value: that it is secret, that it only describes a secret, or nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type NameSays = "secret" | "about" | "nothing"

/**
 * What the name of a setting, a variable or a header tells about its value.
 *
 * @since 0.1.0
 * @category functions
 */
export const saysOf = (name: string): NameSays => {
  const words = wordsOf(name)
  const last = words.findLast((word) => !places.has(word)) ?? words.at(-1)
  if (last === undefined) return "nothing"
  if (aboutWords.has(last) || words.some((word) => word === "max" || word === "min")) return "about"
  if (words.some((word) => secretWords.has(word) || secretEndings.test(word))) return "secret"
  // A name of one letter says nothing about its value, so the worst case is assumed.
  return name.length === 1 ? "secret" : "nothing"
}

/**
 * Whether the name alone marks its value as secret, whatever that value is.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSecretName = (name: string): boolean => name.length > 1 && saysOf(name) === "secret"
