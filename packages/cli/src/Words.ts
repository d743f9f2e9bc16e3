/** Words of a line: what is in double quotes is one, or part of one, and a backslash in quotes takes the next character as it is. */
const written = /(?:[^\s"]|"(?:[^"\\]|\\.)*(?:"|$))+/gs

const bare = (word: string): string =>
  word.replace(/"((?:[^"\\]|\\.)*)(?:"|$)/gs, (_, inside: string) => inside.replace(/\\(.)/gs, "$1"))

/** The words of a line, as they are meant. */
export const split = (line: string): ReadonlyArray<string> => [...line.matchAll(written)].map(([word]) => bare(word))

/** A word as it has to be typed to be one. */
export const quoted = (word: string): string =>
  word !== "" && /^[^\s"]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`
