import { shortestSecret } from "@parley/domain/Redaction"
import { type NameSays, saysOf } from "@parley/domain/SecretNames"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const plainWords = new Set(
  (
    "true false enabled disabled default production development staging testing optional required always warning " +
    "browser bearer oauth oauth2 password localhost verbose stdio"
  ).split(" ")
)

/** `~/.ssh/key`, `./a`, `C:\key`: the path of a secret is not secret itself. */
const isPath = (value: string): boolean =>
  /^(?:~|\.{1,2})?\/(?:[^/]*\/)+[^/]*$|^~?\/[\w.-]{1,24}$|^\.{1,2}\/|^[A-Za-z]:[\\/]/.test(value) &&
  !value.split(/[\\/]/).some((part) => looksRandom(part))

/** A placeholder for a value that is defined elsewhere: `${NAME}`, `$NAME`. */
const variable = /^\$\{[^}]*\}$|^\$\w+$/

const isPlain = (value: string): boolean => plainWords.has(value.toLowerCase()) || variable.test(value) || isPath(value)

const knownPrefix =
  /^(?:[spr]k[-_]|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|AKIA|ASIA|AIza|ya29\.|eyJ|hf_|npm_|ntn_|secret_|tvly-|fc-|lin_api_|shp\w{2}_|do[opr]_v1_|SG\.|key-|figd_|ATATT|lsv2_|nvapi-|gsk_|r8_|pypi-|whsec_|sntry\w_|phc_|pplx-|xai-)/

const uuid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i

const kindOf = (character: string): string =>
  /\d/.test(character) ? "digit" : /[A-Z]/.test(character) ? "upper" : "lower"

/**
 * Whether a run of letters and digits looks random: the kind of character (digit, upper or lower case) changes at one
 * position in four or more.
 */
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
  // `URL` rejects addresses with several hosts, which databases use, so the password is extracted here.
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

/**
 * The secrets in one part of a value: an item of a list, a cookie, or a setting of a connection string. A server may repeat
 * such a part without the rest.
 */
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
 * The secret parts of a value: none for most values, the whole of a password, the token after `Bearer`, the password in an
 * address. All code that redacts uses this rule. A value is secret if its name says so, if it looks random, or if it has the
 * prefix of a known service's tokens. Values shorter than six characters, words such as `true`, paths, and addresses without
 * credentials are not secret.
 *
 * @since 0.1.0
 * @category functions
 */
export const secretValues = (name: string, value: string): ReadonlyArray<string> => {
  const trimmed = value.trim()
  if (trimmed.length < shortestSecret || isPlain(trimmed)) return []
  const fields = Option.getOrUndefined(decodeObject(trimmed))
  if (fields !== undefined) return Object.entries(fields).flatMap(([key, field]) => secretsIn(key, field))
  const found = /^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? ofAddress(trimmed) : ofParts(saysOf(name), trimmed)
  return [...new Set(found)].filter((text) => text.length >= shortestSecret)
}

const secretsIn = (name: string, value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return secretValues(name, value)
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(name, item))
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, field]) => secretsIn(key, field))
}
