/**
 * Limits on the input of one tool call. Both are checked on the JSON text before it is parsed: JavaScript can parse
 * deeply nested JSON that it cannot serialise again, and code that walks such a value recursively overflows the stack.
 */

/**
 * Maximum size of a tool call's input in UTF-8 bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxInputBytes = 1024 * 1024
/**
 * Maximum nesting depth of objects and arrays.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxInputDepth = 128

const bytesOf = (text: string): number => {
  let bytes = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

const tooLarge = (json: string): boolean =>
  json.length > maxInputBytes || (json.length * 3 > maxInputBytes && bytesOf(json) > maxInputBytes)

const tooDeep = (json: string): boolean => {
  let depth = 0
  let quoted = false
  for (let at = 0; at < json.length; at++) {
    const char = json[at]
    if (quoted) {
      if (char === "\\") at++
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === "{" || char === "[") {
      if (++depth > maxInputDepth) return true
    } else if (char === "}" || char === "]") depth--
  }
  return false
}

/**
 * The limit that a tool call's input exceeds, if any. Does not check whether the text is valid JSON.
 *
 * @since 0.1.0
 * @category functions
 */
export const broken = (json: string): "size" | "depth" | undefined =>
  tooLarge(json) ? "size" : tooDeep(json) ? "depth" : undefined
