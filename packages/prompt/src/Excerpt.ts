import { byteLength } from "./Digest.ts"

const sizeOf = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4

/** How many of the code units at the beginning are whole characters of at most so many bytes. */
export const headUnits = (text: string, limit: number): number => {
  let bytes = 0
  for (let at = 0; ;) {
    const codePoint = text.codePointAt(at)
    if (codePoint === undefined || (bytes += sizeOf(codePoint)) > limit) return at
    at += codePoint < 0x10000 ? 1 : 2
  }
}

/** From which code unit on the end is whole characters of at most so many bytes. */
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

export interface Excerpt {
  readonly text: string
  /** UTF-8 bytes of the text that are not in it; 0 when all of it is there. */
  readonly left: number
}

/**
 * The text, or of one with more than `limit` bytes of UTF-8 the beginning and the end, which have at most that many
 * together, and how much is left out between them. Cuts stand between characters. The same text always gives the same.
 */
export const excerpt = (text: string, limit: number): Excerpt => {
  // No character takes more than three bytes per code unit.
  if (text.length * 3 <= limit) return { text, left: 0 }
  const bytes = byteLength(text)
  if (bytes <= limit) return { text, left: 0 }
  const head = text.slice(0, headUnits(text, Math.ceil(limit / 2)))
  const tail = text.slice(tailStart(text, Math.floor(limit / 2)))
  const left = bytes - byteLength(head) - byteLength(tail)
  return { text: `${head}\n[… ${left} of ${bytes} bytes are left out here …]\n${tail}`, left }
}
