/**
 * What other programs say, made fit to pass on. Servers may send anything a string can hold: half of a surrogate pair
 * makes a request that providers refuse, NUL cannot be stored by every database, escape sequences drive a terminal.
 */

const encoder = new TextEncoder()

/** Well-formed Unicode without NUL: fit for a model and for storage. Everything else stays as it was. */
export const wellFormed = (text: string): string => text.toWellFormed().replaceAll("\u0000", "")

/** How many bytes of UTF-8 a text takes. */
export const byteLength = (text: string): number => encoder.encode(text).length

/**
 * The beginning of a text, at most `maxBytes` bytes of UTF-8 and never half a character, and how many bytes were left out.
 */
export const cut = (text: string, maxBytes: number): { readonly text: string; readonly leftOut: number } => {
  // A UTF-16 unit takes at most three bytes, so most texts need no encoding to be known as short.
  if (text.length * 3 <= maxBytes) return { text, leftOut: 0 }
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, maxBytes)))
  return read === text.length
    ? { text, leftOut: 0 }
    : { text: text.slice(0, read), leftOut: byteLength(text.slice(read)) }
}

const isControl = (code: number): boolean => code < 0x20 || (code >= 0x7f && code <= 0x9f)

// Marks that reorder what is displayed, and tag characters that display nothing at all.
const isDeceptive = (code: number): boolean =>
  code === 0x200e ||
  code === 0x200f ||
  code === 0x2028 ||
  code === 0x2029 ||
  code === 0xfeff ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069) ||
  (code >= 0xe0000 && code <= 0xe007f)

/** One line for a person: no control characters, no line breaks, nothing that reorders text, at most `max` characters. */
export const plainLine = (text: string, max = 300): string => {
  const characters: Array<string> = []
  // Looks at little more than what can be shown, however long the text is.
  for (const character of text.slice(0, max * 4).toWellFormed()) {
    const code = character.codePointAt(0) ?? 0
    if (isControl(code)) characters.push(" ")
    else if (!isDeceptive(code)) characters.push(character)
  }
  const line = characters.join("").replaceAll(/ {2,}/g, " ").trim()
  return line.length > max ? `${line.slice(0, max - 1).toWellFormed()}…` : line
}
