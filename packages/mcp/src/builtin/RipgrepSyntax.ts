/**
 * Translates a JavaScript expression (flag `u`) into one for ripgrep that finds at least the same lines: our own search reads
 * the files that ripgrep finds, so more lines do no harm, and fewer would be missed. Both know more than is translated here:
 * for lookarounds, back references and rare escapes the result is `undefined`.
 */

// What these classes are in JavaScript; in Rust they hold more characters.
const digits = "0-9"
const words = "0-9A-Za-z_"
const spaces =
  "\\t\\x0B\\x0C\\r\\x20\\u{A0}\\u{1680}\\u{2000}-\\u{200A}\\u{2028}\\u{2029}\\u{202F}\\u{205F}\\u{3000}\\u{FEFF}"

/** One character of a decoded text: up to four bytes, and U+FFFD for up to three that are not valid UTF-8. */
const anyCharacter = "(?-u:[^\\n]){1,4}"
const invalid = "(?-u:[\\x80-\\xFF]){1,3}"

const escapes: { readonly [letter: string]: string } = {
  d: `[${digits}]`,
  w: `[${words}]`,
  s: `[${spaces}]`,
  D: anyCharacter,
  W: anyCharacter,
  S: anyCharacter,
  // An assertion that always holds finds no fewer lines.
  b: "(?:)",
  B: "(?:)",
  t: "\\t",
  r: "\\r",
  f: "\\x0C",
  v: "\\x0B"
}

const inClass: { readonly [letter: string]: string } = { d: digits, w: words, s: spaces, t: "\\t", r: "\\r" }

const isSyntax = (character: string): boolean => /^[\^$\\.*+?()[\]{}|/-]$/.test(character)

const literal = (character: string): string =>
  /^[0-9A-Za-z_]$/.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

interface Piece {
  readonly text: string
  readonly length: number
}

const ofEscape = (letter: string | undefined): string | undefined =>
  letter === undefined ? undefined : isSyntax(letter) ? literal(letter) : escapes[letter]

/** A class at the beginning of `source`, which begins with `[`. */
const ofClass = (source: ReadonlyArray<string>): Piece | undefined => {
  let text = ""
  let i = source[1] === "^" ? 2 : 1
  for (; i < source.length && source[i] !== "]"; i++) {
    const character = source[i] ?? ""
    if (character === "-" && text !== "" && source[i + 1] !== "]") {
      text += "-"
    } else if (character !== "\\") {
      text += literal(character)
    } else {
      i += 1
      const letter = source[i] ?? ""
      const found = isSyntax(letter) ? literal(letter) : inClass[letter]
      if (found === undefined) return undefined
      text += found
    }
  }
  if (text === "" || source[i] !== "]") return undefined
  return { text: source[1] === "^" ? `(?:[^${text}]|${invalid})` : `[${text}]`, length: i + 1 }
}

const groupStart = /^\((?:\?:|\?<[A-Za-z_$][\w$]*>)?(?!\?)/
const repetition = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/

/** One piece of the expression, at the beginning of `rest`. */
const next = (rest: string, characters: ReadonlyArray<string>): Piece | undefined => {
  const [first, second] = characters
  const repeats = repetition.exec(rest)?.[0]
  if (repeats !== undefined) return { text: repeats, length: repeats.length }
  switch (first) {
    case "\\": {
      const text = ofEscape(second)
      return text === undefined ? undefined : { text: `(?:${text})`, length: 2 }
    }
    case "[":
      return ofClass(characters)
    case "(": {
      const group = groupStart.exec(rest)?.[0]
      return group === undefined ? undefined : { text: "(?:", length: group.length }
    }
    case ")":
    case "|":
      return { text: first, length: 1 }
    case ".":
      return { text: `(?:${anyCharacter})`, length: 1 }
    case "^":
      // A byte order mark is not part of the text.
      return { text: "^\\u{FEFF}?", length: 1 }
    case "$":
      return { text: "\\r?$", length: 1 }
    default:
      return first === undefined || first === "\n" ? undefined : { text: literal(first), length: 1 }
  }
}

/** The expression for ripgrep, or `undefined` where only JavaScript has a meaning for it. */
export const ripgrepSyntax = (source: string): string | undefined => {
  let characters: ReadonlyArray<string> = Array.from(source)
  let text = ""
  while (characters.length > 0) {
    const piece = next(characters.join(""), characters)
    if (piece === undefined) return undefined
    text += piece.text
    characters = characters.slice(piece.length)
  }
  return text
}
