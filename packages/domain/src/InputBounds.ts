/**
 * How large the input of one tool call may be. Both bounds are looked for in the model's own text, before anybody builds a
 * value of it: JavaScript parses JSON that it cannot write again, and a deep value ends the stack of whoever walks it.
 */

/** UTF-8 bytes. */
export const maxInputBytes = 1024 * 1024
/** Objects and arrays within each other. */
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

/** Which bound a tool call's input breaks, if any. Says nothing of whether it is JSON. */
export const broken = (json: string): "size" | "depth" | undefined =>
  tooLarge(json) ? "size" : tooDeep(json) ? "depth" : undefined
