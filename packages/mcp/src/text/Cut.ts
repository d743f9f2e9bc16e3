const encoder = new TextEncoder()

/** The length of a text in bytes of UTF-8. */
export const byteLength = (text: string): number => encoder.encode(text).length

/**
 * The beginning of a text, at most `maxBytes` bytes of UTF-8 and never half a character, and how many bytes were left out.
 */
export const cut = (text: string, maxBytes: number): { readonly text: string; readonly leftOut: number } => {
  // A UTF-16 code unit takes at most three bytes of UTF-8, so most short texts need not be encoded.
  if (text.length * 3 <= maxBytes) return { text, leftOut: 0 }
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, maxBytes)))
  return read === text.length
    ? { text, leftOut: 0 }
    : { text: text.slice(0, read), leftOut: byteLength(text.slice(read)) }
}

/** The parts of one text that are kept: its beginning and its end. If the text is kept whole, `tail` is empty. */
export interface Kept {
  readonly head: string
  readonly tail: string
}

export interface MiddleCut {
  /** One entry for each text, in the given order. */
  readonly texts: ReadonlyArray<Kept>
  /** The index of the text after whose head something was left out; -1 if nothing was. */
  readonly gap: number
  /** How much was left out, in bytes of UTF-8. */
  readonly leftOut: number
}

/** How far from the cut a line end is searched for, in characters. */
const near = 1024
/** The beginning tells what a text is about and the end how it went; the beginning needs more room. */
const headShare = 0.75

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Whether a byte is a continuation byte of UTF-8. */
const continues = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

const headOf = (bytes: Uint8Array, room: number): string => {
  let end = Math.min(room, bytes.length)
  while (end > 0 && continues(bytes[end])) end -= 1
  const text = decoder.decode(bytes.subarray(0, end))
  const line = text.lastIndexOf("\n") + 1
  return line > 0 && text.length - line <= near ? text.slice(0, line) : text
}

const tailOf = (bytes: Uint8Array, room: number): string => {
  let start = Math.max(0, bytes.length - room)
  while (start < bytes.length && continues(bytes[start])) start += 1
  const text = decoder.decode(bytes.subarray(start))
  const line = text.indexOf("\n") + 1
  return line > 0 && line <= near && line < text.length ? text.slice(line) : text
}

/** How many of the first sizes fit into `room`, and how much of it is left after them. */
const fitting = (sizes: ReadonlyArray<number>, room: number): { readonly count: number; readonly left: number } => {
  let left = room
  let count = 0
  for (const size of sizes) {
    if (size > left) break
    left -= size
    count += 1
  }
  return { count, left }
}

/**
 * Cuts consecutive texts to `room` bytes of UTF-8 in total by leaving out the middle. Cuts are made at a line end if one is
 * near, and never within a character. The texts must be well-formed Unicode.
 */
export const cutMiddle = (texts: ReadonlyArray<string>, room: number): MiddleCut => {
  const sizes = texts.map(byteLength)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total <= room) return { texts: texts.map((head) => ({ head, tail: "" })), gap: -1, leftOut: 0 }

  const headRoom = Math.floor(room * headShare)
  const front = fitting(sizes, headRoom)
  const back = fitting(sizes.toReversed(), room - headRoom)
  const last = texts.length - 1 - back.count
  const kept = texts.map((text, index): Kept => {
    if (index < front.count || index > last) return { head: text, tail: "" }
    if (index > front.count && index < last) return { head: "", tail: "" }
    const bytes = encoder.encode(text)
    return {
      head: index === front.count ? headOf(bytes, front.left) : "",
      tail: index === last ? tailOf(bytes, back.left) : ""
    }
  })
  const stays = kept.reduce((sum, { head, tail }) => sum + byteLength(head) + byteLength(tail), 0)
  return { texts: kept, gap: front.count, leftOut: total - stays }
}
