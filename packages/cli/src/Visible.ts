/**
 * What a terminal shows as something else or not at all: controls, formats, what is unassigned, half characters, line ends,
 * and everything that Unicode has renderers leave out.
 */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu

const escaped = (text: string): string =>
  text.replaceAll(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)

/** How many characters of a text are not seen. */
export const hiddenIn = (text: string): number => text.replaceAll(/[\n\t]/g, "").match(unseen)?.length ?? 0

/** Text on lines of its own in which nothing is hidden: line feeds and tabs stay, all else that is not seen is `\u{…}`. */
export const visible = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part, i) => (i % 2 === 1 ? part : escaped(part)))
    .join("")

const longest = 4000

/** An escape is one piece, so that none is cut in two: half of one could pass for the quote that ends a word. */
const pieces = (text: string): ReadonlyArray<string> => text.match(/\\u\{[0-9a-f]+\}|\\["\\]|[^]/gu) ?? []

/** Nothing is left out before `longest` characters, and then only of the middle, with how many those are. */
const middleCut = (text: string): string => {
  const characters = pieces(text)
  const half = longest / 2
  return characters.length <= longest
    ? text
    : `${characters.slice(0, half).join("")}[… ${characters.length - longest} characters …]${characters.slice(-half).join("")}`
}

const inQuotes = (text: string): string => escaped(text.replaceAll(/["\\]/g, (character) => `\\${character}`))

/** A word in double quotes, on one line, so that it can be told from any other word. */
export const quotedWord = (text: string): string => `"${middleCut(inQuotes(text))}"`

/** The same with nothing left out, however long it is: where two words are held against each other. */
export const wholeWord = (text: string): string => `"${inQuotes(text)}"`
