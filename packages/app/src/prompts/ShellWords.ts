// A line may be as long as a message, so its parts are matched by expressions whose use of stack does not grow with it.
const outside = /[^\s"]+|\s+|"/y
const inside = /[^"\\]+|\\[^]?|"/y

/**
 * Splits a line into words. Text in double quotes is a word or a part of one, and a backslash within quotes makes the next
 * character literal. An unclosed quote ends at the end of the line.
 *
 * @since 0.1.0
 * @category functions
 */
export const split = (line: string): ReadonlyArray<string> => {
  const words: Array<string> = []
  let word: string | undefined
  let open = false
  for (let at = 0; at < line.length;) {
    const form = open ? inside : outside
    form.lastIndex = at
    const [piece = ""] = form.exec(line) ?? []
    at += piece.length
    if (piece === '"') {
      open = !open
      word ??= ""
    } else if (open) word = `${word ?? ""}${piece.length === 2 && piece.startsWith("\\") ? piece.slice(1) : piece}`
    else if (piece.trim() !== "") word = `${word ?? ""}${piece}`
    else {
      if (word !== undefined) words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}

/**
 * Quotes a word if necessary, so that `split` returns it as one word.
 *
 * @since 0.1.0
 * @category functions
 */
export const quoted = (word: string): string =>
  word !== "" && /^[^\s"]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`
