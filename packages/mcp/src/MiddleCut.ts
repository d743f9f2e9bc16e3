import { byteLength } from "./PlainText.ts"

/** What stays of one text: its beginning and its end. Of a text that stays whole, `tail` is empty. */
export interface Kept {
  readonly head: string
  readonly tail: string
}

export interface MiddleCut {
  /** One for each text, in their order. */
  readonly texts: ReadonlyArray<Kept>
  /** The text after whose head something is missing; -1 when nothing is. */
  readonly gap: number
  /** Bytes of UTF-8. */
  readonly leftOut: number
}

/** How far from where a text would be cut a line end is looked for, in characters. */
const near = 1024
/** The beginning says what something is, the end how it went; of the two the beginning needs more room. */
const headShare = 0.75

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Whether a byte goes on with a character that an earlier byte began. */
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

/** How many sizes fit in the room, from the front, and the room that is left then. */
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
 * Texts that follow each other, cut to `room` bytes of UTF-8 in all: what is in the middle goes. The texts are cut at line
 * ends where one is near, and never within a character. They must be well-formed.
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
