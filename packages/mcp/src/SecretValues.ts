import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Shorter values are not concealed: that would hide other words. */
const shortest = 6

/** `API_KEY`, `x-api-key` and `apiKey` have the same words. */
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

/** A name that ends so says where a secret is, or something about it: `KEY_FILE`, `TOKEN_LIMIT`, `AUTH_MODE`. */
const aboutWords = new Set(
  (
    "path paths file files dir directory folder url uri host hostname port type kind mode method name names id ids user " +
    "username email limit max min count size length ttl timeout expiry seconds realm domain region format algorithm " +
    "header headers issuer audience scope scopes endpoint prefix suffix enabled disabled version level model tool tools " +
    "project tenant org organization account profile environment env provider binding store storage command"
  ).split(" ")
)
/** Words behind the one that counts: `TOKEN_PROD`, `PASSWORD_DEFAULT`. */
const places = new Set("prod production dev development staging test live default primary secondary main".split(" "))

type NameSays = "secret" | "about" | "nothing"

const saysOf = (name: string): NameSays => {
  const words = wordsOf(name)
  const last = words.findLast((word) => !places.has(word)) ?? words.at(-1)
  if (last === undefined) return "nothing"
  if (aboutWords.has(last) || words.some((word) => word === "max" || word === "min")) return "about"
  if (words.some((word) => secretWords.has(word) || secretEndings.test(word))) return "secret"
  // A letter says nothing of what a value is, so that it is taken for what would do most harm.
  return name.length === 1 ? "secret" : "nothing"
}

/** Whether what is called so is a secret, whatever it is. */
export const isSecretName = (name: string): boolean => name.length > 1 && saysOf(name) === "secret"

const plainWords = new Set(
  (
    "true false enabled disabled default production development staging testing optional required always warning " +
    "browser bearer oauth oauth2 password localhost verbose stdio"
  ).split(" ")
)

/** `~/.ssh/key`, `./a`, `C:\key`: a place and not what is there. */
const isPath = (value: string): boolean =>
  /^(?:~|\.{1,2})?\/(?:[^/]*\/)+[^/]*$|^~?\/[\w.-]{1,24}$|^\.{1,2}\/|^[A-Za-z]:[\\/]/.test(value) &&
  !value.split(/[\\/]/).some((part) => looksRandom(part))

/** What stands for something that is said elsewhere. */
const variable = /^\$\{[^}]*\}$|^\$\w+$/

const isPlain = (value: string): boolean => plainWords.has(value.toLowerCase()) || variable.test(value) || isPath(value)

const knownPrefix =
  /^(?:[spr]k[-_]|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|AKIA|ASIA|AIza|ya29\.|eyJ|hf_|npm_|ntn_|secret_|tvly-|fc-|lin_api_|shp\w{2}_|do[opr]_v1_|SG\.|key-|figd_|ATATT|lsv2_|nvapi-|gsk_|r8_|pypi-|whsec_|sntry\w_|phc_|pplx-|xai-)/

const uuid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i

const kindOf = (character: string): string =>
  /\d/.test(character) ? "digit" : /[A-Z]/.test(character) ? "upper" : "lower"

/** Letters and digits in such a mix as no word has: they change between each other at a fourth of their places. */
const isMixed = (run: string): boolean => {
  if (run.length < 16 || !/\d/.test(run) || !/[A-Za-z]/.test(run)) return false
  const kinds = run.split("").map(kindOf)
  const changes = kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1]).length
  return changes * 4 >= run.length
}

const looksRandom = (value: string): boolean =>
  (value.length >= 12 && knownPrefix.test(value) && /\d/.test(value)) ||
  uuid.test(value) ||
  /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z\d]{16,}$/.test(value) ||
  value.split(/[^A-Za-z\d]+/).some(isMixed)

const decodeObject = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const scheme = /^(?:bearer|basic|token|bot|digest|negotiate|apikey|api-key|key)\s+(\S+)$/i

const ofAddress = (address: string): ReadonlyArray<string> => {
  // Several hosts make it none for a browser, as with databases.
  const [, behindName] = /^[^/]*\/\/[^/\s:@]*:([^/\s@]+)@/.exec(address) ?? []
  if (!URL.canParse(address)) return behindName === undefined ? [] : [behindName]
  const { hash, password, pathname, searchParams, username } = new URL(address)
  const fromQuery = [...searchParams, ...new URLSearchParams(hash.slice(1))].flatMap(([name, value]) =>
    secretValues(name, value)
  )
  const parts = pathname.split("/").concat(username).filter(looksRandom)
  const decoded = Result.try(() => decodeURIComponent(password))
  return [password, Result.getOrElse(decoded, () => password), ...parts, ...fromQuery]
}

/** One of a list, a cookie, or a setting in a connection string; a server may repeat it alone. */
const ofPart = (says: NameSays, part: string): ReadonlyArray<string> => {
  const [address] = /[a-z][a-z\d+.-]*:\/\/\S+/i.exec(part) ?? []
  if (address !== undefined) return ofAddress(address)
  const [, name, value] = /^([\w-]+)=(.+)$/.exec(part) ?? []
  if (name !== undefined && value !== undefined)
    return says === "secret" && saysOf(name) === "nothing"
      ? [value].filter((text) => !isPlain(text))
      : secretValues(name, value)
  if (says === "about") return knownPrefix.test(part) && looksRandom(part) ? [part] : []
  return looksRandom(part) || (says === "secret" && /[^A-Za-z]/.test(part) && !isPlain(part)) ? [part] : []
}

const ofParts = (says: NameSays, value: string): ReadonlyArray<string> => {
  const [, sent] = scheme.exec(value) ?? []
  if (sent !== undefined) {
    const decoded = /^basic\s/i.test(value) ? Result.getOrUndefined(Result.try(() => atob(sent))) : undefined
    return [value, sent, ...(decoded === undefined ? [] : [decoded, decoded.slice(decoded.indexOf(":") + 1)])]
  }
  const whole = says === "secret" ? [value, ...(/^[^\s:/]+:(\S+)$/.exec(value)?.slice(1) ?? [])] : []
  return whole.concat(value.split(/[\s;,]+/).flatMap((part) => ofPart(says, part)))
}

/**
 * What of a value is secret: nothing of most, all of a password, the token behind `Bearer`, the password in an address. The
 * one rule for this. A name that says so makes a value secret, and so does a value that looks random or begins as tokens of known
 * services do; values shorter than six characters, `true` and the like, paths, and addresses without credentials are not.
 */
export const secretValues = (name: string, value: string): ReadonlyArray<string> => {
  const trimmed = value.trim()
  if (trimmed.length < shortest || isPlain(trimmed)) return []
  const fields = Option.getOrUndefined(decodeObject(trimmed))
  if (fields !== undefined) return Object.entries(fields).flatMap(([key, field]) => secretsIn(key, field))
  const found = /^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? ofAddress(trimmed) : ofParts(saysOf(name), trimmed)
  return [...new Set(found)].filter((text) => text.length >= shortest)
}

const secretsIn = (name: string, value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return secretValues(name, value)
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(name, item))
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, field]) => secretsIn(key, field))
}
