// A line may be as long as a message: each part is matched by a loop that needs no more stack for more of it.
const outside = /[^\s"]+|\s+|"/y
const inside = /[^"\\]+|\\[^]?|"/y

/**
 * The words of a line, as they are meant: what is in double quotes is one, or part of one, and a backslash in quotes takes
 * the next character as it is. Quotes that are not closed end with the line.
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

/** A word as it has to be typed to be one. */
export const quoted = (word: string): string =>
  word !== "" && /^[^\s"]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`
