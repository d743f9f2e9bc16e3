/** Characters of a pattern are bytes, as in git; each is one code unit of a string, at most 0xFF. */
const between = (first: number, last: number) => (byte: number) => byte >= first && byte <= last
const digit = between(0x30, 0x39)
const upper = between(0x41, 0x5a)
const lower = between(0x61, 0x7a)
const alpha = (byte: number) => upper(byte) || lower(byte)
const alnum = (byte: number) => alpha(byte) || digit(byte)
const graph = between(0x21, 0x7e)

/** The classes of characters that git knows. Bytes above 0x7F are in none of them. */
const classes: { readonly [name: string]: (byte: number) => boolean } = {
  alnum,
  alpha,
  blank: (byte) => byte === 0x20 || byte === 0x09,
  cntrl: (byte) => byte < 0x20 || byte === 0x7f,
  digit,
  graph,
  lower,
  print: between(0x20, 0x7e),
  punct: (byte) => graph(byte) && !alnum(byte),
  space: (byte) => byte === 0x20 || between(0x09, 0x0d)(byte),
  upper,
  xdigit: (byte) => digit(byte) || between(0x41, 0x46)(byte) || between(0x61, 0x66)(byte)
}

export const lowered = (byte: number): number => (upper(byte) ? byte + 0x20 : byte)

/** A set such as `[a-z]`: which bytes it contains, and the index after it. */
export interface ByteSet {
  readonly has: ReadonlyArray<boolean>
  readonly end: number
}

interface SetOptions {
  /** A slash is never in a set. */
  readonly pathname: boolean
  /** Subjects are in lower case, and a range also contains the lower case of its capital letters. */
  readonly fold: boolean
}

/**
 * Reads the set that begins at `start`, where the pattern has a `[`. Undefined if it has no end or an unknown class: then git
 * matches nothing. The rules are those of git's `wildmatch.c`, also where they surprise: the first `]` is literal, and so is
 * a `[:` without `:]`.
 */
export const parse = (pattern: string, start: number, { fold, pathname }: SetOptions): ByteSet | undefined => {
  const has = Array.from({ length: 256 }, () => false)
  const add = (from: number, to: number) => has.fill(true, from, Math.max(from, to + 1))
  const addClass = (name: string): boolean => {
    const contains = Object.hasOwn(classes, name) ? classes[name] : undefined
    if (contains === undefined) return false
    for (let byte = 0; byte < 256; byte++)
      if (contains(byte) || (fold && name === "upper" && lower(byte))) has[byte] = true
    return true
  }
  const addRange = (from: number, to: number) => {
    add(from, to)
    if (fold) for (let byte = 0x41; byte <= 0x5a; byte++) if (byte >= from && byte <= to) has[lowered(byte)] = true
  }
  const at = (index: number) => pattern.charCodeAt(index)

  const negated = pattern[start + 1] === "!" || pattern[start + 1] === "^"
  let i = start + (negated ? 2 : 1)
  let previous: number | undefined
  for (let first = true; first || pattern[i] !== "]"; first = false) {
    if (i >= pattern.length) return undefined
    const isRange = pattern[i] === "-" && previous !== undefined && i + 1 < pattern.length && pattern[i + 1] !== "]"
    if (isRange && previous !== undefined) {
      i += pattern[i + 1] === "\\" ? 2 : 1
      if (i >= pattern.length) return undefined
      addRange(previous, at(i++))
      previous = undefined
      continue
    }
    if (pattern[i] === "[" && pattern[i + 1] === ":") {
      const close = pattern.indexOf("]", i + 2)
      if (close < 0) return undefined
      if (close > i + 2 && pattern[close - 1] === ":") {
        if (!addClass(pattern.slice(i + 2, close - 1))) return undefined
        i = close + 1
        previous = undefined
        continue
      }
    } else if (pattern[i] === "\\") i++
    if (i >= pattern.length) return undefined
    previous = at(i)
    add(previous, previous)
    i++
  }
  return { has: has.map((is, byte) => is !== negated && !(pathname && byte === 0x2f)), end: i + 1 }
}
