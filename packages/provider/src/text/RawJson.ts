/** Reads and edits JSON text without re-encoding it, so that numbers, escapes and key order stay unchanged. */

const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13

const skipSpace = (json: string, from: number): number => {
  let at = from
  while (isSpace(json.charCodeAt(at))) at++
  return at
}

const skipString = (json: string, from: number): number => {
  let at = from + 1
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1
  return at + 1
}

const skipValue = (json: string, from: number): number => {
  let depth = 0
  let at = from
  while (at < json.length) {
    const char = json[at]
    if (char === '"') {
      at = skipString(json, at)
      if (depth === 0) return at
    } else if (char === "{" || char === "[") {
      depth++
      at++
    } else if (char === "}" || char === "]") {
      if (depth === 0) return at
      depth--
      at++
      if (depth === 0) return at
    } else if (depth === 0 && (char === "," || isSpace(json.charCodeAt(at)))) return at
    else at++
  }
  return at
}

/**
 * The range of the value of `name` in the text of an object. The text must be valid JSON; of two equal keys the last counts.
 */
const span = (json: string, name: string): readonly [from: number, to: number] | undefined => {
  let found: readonly [number, number] | undefined
  let at = skipSpace(json, 0)
  if (json[at] !== "{") return undefined
  at = skipSpace(json, at + 1)
  while (json[at] === '"') {
    const keyEnd = skipString(json, at)
    const key = json.slice(at + 1, keyEnd - 1)
    const from = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const to = skipValue(json, from)
    if (key === name) found = [from, to]
    at = skipSpace(json, to)
    if (json[at] === ",") at = skipSpace(json, at + 1)
  }
  return found
}

/** The text of one member's value, byte for byte. The text must be valid JSON. */
export const member = (json: string, name: string): string | undefined => {
  const at = span(json, name)
  return at === undefined ? undefined : json.slice(at[0], at[1])
}

/** The texts of an array's elements, byte for byte; none if the text is not an array. */
export const elements = (json: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let at = skipSpace(json, 0)
  if (json[at] !== "[") return found
  at = skipSpace(json, at + 1)
  while (at < json.length && json[at] !== "]") {
    const to = skipValue(json, at)
    if (to === at) return found
    found.push(json.slice(at, to))
    at = skipSpace(json, to)
    if (json[at] === ",") at = skipSpace(json, at + 1)
  }
  return found
}

/** The same text with another value for one of its members; undefined if it has no such member. */
export const withMember = (json: string, name: string, value: string): string | undefined => {
  const at = span(json, name)
  return at === undefined ? undefined : json.slice(0, at[0]) + value + json.slice(at[1])
}
