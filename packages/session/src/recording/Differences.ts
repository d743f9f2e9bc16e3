import { byteLength } from "@parley/prompt/Digest"
import type { Shortened } from "./RecordingFormat.ts"

/** The first difference between what was recorded and what the replay did. */
export interface Difference {
  /** What differs, for people, such as `request 3 to the model`. */
  readonly where: string
  /** The field of a JSON text, such as `messages[2].content[0].text`. Empty if the whole text differs. */
  readonly field: string
  /** The position of the first differing byte, in UTF-8. */
  readonly offset: number
  /** What was recorded around that position. Empty if nothing was recorded there. */
  readonly expected: string
  /** What the replay has around it. */
  readonly received: string
}

/** Bytes that are shown on each side of a difference. */
const around = 20

/** The UTF-8 bytes of one code point. */
const bytesOf = (point: number): ReadonlyArray<number> => {
  const rest = (shift: number) => 0x80 | ((point >> shift) & 0x3f)
  if (point < 0x80) return [point]
  if (point < 0x800) return [0xc0 | (point >> 6), rest(0)]
  return point < 0x10000 ? [0xe0 | (point >> 12), rest(6), rest(0)] : [0xf0 | (point >> 18), rest(12), rest(6), rest(0)]
}

/** The position of the first difference, in code units, at the beginning of a code point. */
const firstOf = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  let i = 0
  while (i < length && a[i] === b[i]) i++
  const isInPair = i > 0 && /[\ud800-\udbff]/.test(a[i - 1] ?? "")
  return isInPair ? i - 1 : i
}

/** How many bytes two different code points have in common at their beginning. */
const common = (a: number | undefined, b: number | undefined): number => {
  if (a === undefined || b === undefined) return 0
  const [left, right] = [bytesOf(a), bytesOf(b)]
  const at = left.findIndex((byte, i) => byte !== right[i])
  return at < 0 ? left.length : at
}

/** The text around a position. It begins and ends with whole characters. */
const excerpt = (text: string, position: number): string => {
  const before = Array.from(text.slice(Math.max(0, position - around), position))
  const after = Array.from(text.slice(position, position + around))
  while (byteLength(before.join("")) > around) before.shift()
  while (byteLength(after.join("")) > around) after.pop()
  return [...before, ...after].join("")
}

interface Level {
  readonly isList: boolean
  key: string
  index: number
}

const pathOf = (levels: ReadonlyArray<Level>): string =>
  levels
    .map(({ index, isList, key }) => (isList ? `[${index}]` : key === "" ? "" : `.${key}`))
    .join("")
    .replace(/^\./, "")

/** The path of the field that a position of a JSON text is in. The text need not be complete. */
export const fieldAt = (json: string, position: number): string => {
  const levels: Array<Level> = []
  let isKey = false
  for (let i = 0; i < position && i < json.length; i++) {
    const top = levels.at(-1)
    switch (json[i]) {
      case "{":
      case "[":
        levels.push({ isList: json[i] === "[", key: "", index: 0 })
        isKey = json[i] === "{"
        break
      case "}":
      case "]":
        levels.pop()
        isKey = false
        break
      case ",":
        if (top !== undefined) top.index++
        isKey = top?.isList === false
        break
      case ":":
        isKey = false
        break
      case '"': {
        let end = i + 1
        while (end < json.length && json[end] !== '"') end += json[end] === "\\" ? 2 : 1
        if (isKey && top !== undefined && end < position) top.key = json.slice(i + 1, end)
        if (isKey && top !== undefined && end >= position) top.key = ""
        i = end
        break
      }
    }
  }
  return pathOf(levels)
}

/** The first difference between two texts; undefined if they are equal. */
export const firstDifference = (where: string, expected: string, received: string): Difference | undefined => {
  if (expected === received) return undefined
  const position = firstOf(expected, received)
  const before = byteLength(expected.slice(0, position))
  return {
    where,
    field: fieldAt(expected, position),
    offset: before + common(expected.codePointAt(position), received.codePointAt(position)),
    expected: excerpt(expected, position),
    received: excerpt(received, position)
  }
}

/** A difference that is not in a text: something happened in only one of the two. */
export const unequal = (where: string, expected: string, received: string): Difference => ({
  where,
  field: "",
  offset: 0,
  expected,
  received
})

/**
 * Writes a text as what differs from the previous one: how many characters at its beginning and at its end are the same,
 * and what is between them. A conversation's requests mostly repeat the one before.
 */
export const shorten = (previous: string, text: string): Shortened => {
  const most = Math.min(previous.length, text.length)
  let same = 0
  while (same < most && previous[same] === text[same]) same++
  let end = 0
  while (end < most - same && previous[previous.length - 1 - end] === text[text.length - 1 - end]) end++
  return { same, text: text.slice(same, text.length - end), end }
}

/** The text that `shorten` was given. */
export const restore = (previous: string, { end, same, text }: Shortened): string =>
  previous.slice(0, same) + text + previous.slice(previous.length - end)
