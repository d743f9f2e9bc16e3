import { byteLength } from "./Digest.ts"

const sizeOf = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4

/**
 * The number of UTF-16 code units in the longest beginning of the text that has at most `limit` UTF-8 bytes. Splits no
 * character.
 *
 * @since 0.1.0
 * @category functions
 */
export const headUnits = (text: string, limit: number): number => {
  let bytes = 0
  for (let at = 0; ;) {
    const codePoint = text.codePointAt(at)
    if (codePoint === undefined || (bytes += sizeOf(codePoint)) > limit) return at
    at += codePoint < 0x10000 ? 1 : 2
  }
}

/** The index at which the longest end of the text begins that has at most `limit` UTF-8 bytes. Splits no character. */
const tailStart = (text: string, limit: number): number => {
  let bytes = 0
  for (let at = text.length; at > 0;) {
    const pair = text.codePointAt(at - 2) ?? 0
    const start = at > 1 && pair >= 0x10000 ? at - 2 : at - 1
    if ((bytes += sizeOf(text.codePointAt(start) ?? 0)) > limit) return at
    at = start
  }
  return 0
}

/**
 * A text, or the beginning and the end of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Excerpt {
  readonly text: string
  /** The number of UTF-8 bytes that were left out; 0 if the text is complete. */
  readonly left: number
}

/**
 * The text if it has at most `limit` UTF-8 bytes. Otherwise its beginning and its end, which together have at most that
 * many bytes, with a note of how much was left out between them. Splits no character. The result depends only on the
 * arguments.
 *
 * @since 0.1.0
 * @category functions
 */
export const excerpt = (text: string, limit: number): Excerpt => {
  // A UTF-16 code unit takes at most three bytes in UTF-8.
  if (text.length * 3 <= limit) return { text, left: 0 }
  const bytes = byteLength(text)
  if (bytes <= limit) return { text, left: 0 }
  const head = text.slice(0, headUnits(text, Math.ceil(limit / 2)))
  const tail = text.slice(tailStart(text, Math.floor(limit / 2)))
  const left = bytes - byteLength(head) - byteLength(tail)
  return { text: `${head}\n[… ${left} of ${bytes} bytes are left out here …]\n${tail}`, left }
}
