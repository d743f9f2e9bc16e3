import * as Schema from "effect/Schema"

/**
 * What a person sees of a text. Text of models, tools, servers and files may contain characters that a terminal does not
 * show, shows as something else, or shows at another position. Their classes are defined here and nowhere else, with the
 * operations on them: escaping, removing, replacing by a space.
 */

/**
 * Arabic and other number signs and the end of an ayah. Unicode counts them as format characters because they enclose the
 * digits after them, but they are visible.
 */
const enclosing = String.raw`[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]`

/**
 * Characters without a glyph: control characters, format characters (direction marks, tags, soft hyphens), line and paragraph
 * separators, fillers, and everything else that Unicode marks as ignorable. A model reads them and a person does not, and
 * some of them control a terminal. Line feeds and tabs belong to this class; each operation decides about them.
 */
const invisible = String.raw`[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--${enclosing}]`

/**
 * Joiners and the two variation selectors that choose between text and emoji. They are invisible, but they belong to the
 * spelling of Persian and Indic words and of emoji, so they stay wherever a text must remain readable or a call must repeat
 * it.
 */
const spelling = String.raw`[\u200c\u200d\ufe0e\ufe0f]`

/** Invisible characters that have no place in a text of several lines. */
const hidden = String.raw`[${invisible}--${spelling}--[\n\t]]`

/**
 * Characters that are not printed: control and format characters, lone surrogates, private and unassigned characters, and line
 * and paragraph separators. A name on one line must not contain them. Variation selectors, fillers and unusual spaces are not
 * in this class, since names of files contain them and must be matched exactly.
 */
const unprintable = String.raw`[\p{C}\p{Zl}\p{Zp}]`

/**
 * The strictest class, for what a person decides about: everything that is not printed, everything invisible, and what looks
 * like U+0020 but is not. Joiners belong to it, because two texts that differ in them look the same.
 */
const unclear = String.raw`[${unprintable}\p{Default_Ignorable_Code_Point}\u2800[\p{Zs}--\x20]]`

const every = (characters: string): RegExp => new RegExp(characters, "gv")
const any = (characters: string): RegExp => new RegExp(characters, "v")

const everyInvisible = every(String.raw`[${invisible}--[\n\t]]`)
const everyHidden = every(hidden)
const everyUnclear = every(unclear)
const everyGap = every(String.raw`[\x20[${invisible}--${spelling}]]+`)
const anyHidden = any(String.raw`(?!\r\n)${hidden}`)
const anyUnprintable = any(unprintable)
const anyUnclear = any(unclear)

/**
 * Whether a text consists of printed characters only, so that it is one line without controls.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPrintable = (text: string): boolean => !anyUnprintable.test(text)

/**
 * Whether a text on one line is exactly what it looks like.
 *
 * @since 0.1.0
 * @category guards
 */
export const isClear = (text: string): boolean => !anyUnclear.test(text)

/**
 * Whether a text of several lines that a call must repeat contains something that a person does not see. The carriage
 * returns of CRLF line ends are permitted.
 *
 * @since 0.1.0
 * @category functions
 */
export const hides = (text: string): boolean => anyHidden.test(text)

/**
 * The number of unclear characters in a text. Line feeds and tabs do not count.
 *
 * @since 0.1.0
 * @category functions
 */
export const hiddenIn = (text: string): number => text.replaceAll(/[\n\t]/g, "").match(everyUnclear)?.length ?? 0

/**
 * A character as `\u{…}`.
 *
 * @since 0.1.0
 * @category functions
 */
export const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

const clear = (text: string): string => text.replaceAll(everyUnclear, escaped)

/**
 * A multi-line text of which a person sees everything: unclear characters except line feeds and tabs are escaped.
 *
 * @since 0.1.0
 * @category functions
 */
export const visible = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part, i) => (i % 2 === 1 ? part : clear(part)))
    .join("")

/**
 * Replaces the invisible characters of a text except line feeds, tabs and those that belong to the spelling.
 *
 * @since 0.1.0
 * @category functions
 */
export const replaceHidden = (text: string, by: (character: string) => string): string =>
  text.replaceAll(everyHidden, by)

/**
 * The text as a person sees it: line separators become line feeds, and invisible characters are removed, joiners included.
 * For prose that a model reads and no call repeats.
 *
 * @since 0.1.0
 * @category functions
 */
export const withoutInvisible = (text: string): string =>
  text.replaceAll(/\r\n?|[\p{Zl}\p{Zp}]/gu, "\n").replaceAll(everyInvisible, "")

/**
 * Well-formed Unicode without NUL, suitable for a model and for storage. Everything else is unchanged.
 *
 * @since 0.1.0
 * @category functions
 */
export const wellFormed = (text: string): string => text.toWellFormed().replaceAll("\u0000", "")

/**
 * One line for a person, at most `max` UTF-16 code units. Each run of spaces, line breaks and invisible characters becomes
 * one space, so that what was left out leaves a trace and words stay apart.
 *
 * @since 0.1.0
 * @category functions
 */
export const plainLine = (text: string, max = 300): string => {
  // Only a little more than can be shown is processed, however long the text is.
  const line = text
    .slice(0, max * 4)
    .toWellFormed()
    .replaceAll(everyGap, " ")
    .trim()
  return line.length > max ? `${line.slice(0, max - 1).toWellFormed()}…` : line
}

const longest = 4000

/**
 * Splits a text into characters and escapes. Half of an escape could be mistaken for a closing quote.
 *
 * @since 0.1.0
 * @category functions
 */
export const pieces = (text: string): ReadonlyArray<string> => text.match(/\\u\{[0-9a-f]+\}|\\.|[^]/gu) ?? []

/** Shortens a text of more than `longest` characters in the middle, and states how many characters were left out. */
const middleCut = (text: string): string => {
  const characters = pieces(text)
  const half = longest / 2
  return characters.length <= longest
    ? text
    : `${characters.slice(0, half).join("")}[… ${characters.length - longest} characters …]${characters.slice(-half).join("")}`
}

const inQuotes = (text: string): string => clear(text.replaceAll(/["\\]/g, (character) => `\\${character}`))

/**
 * A string in double quotes on one line, without unclear characters. Long strings are shortened in the middle.
 *
 * @since 0.1.0
 * @category functions
 */
export const quotedWord = (text: string): string => `"${middleCut(inQuotes(text))}"`

/**
 * The same without shortening, for comparing two strings.
 *
 * @since 0.1.0
 * @category functions
 */
export const wholeWord = (text: string): string => `"${inQuotes(text)}"`

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

/** JSON escapes are matched as a whole, so that the text `\\u` is not mistaken for the start of one. */
const unclearInJson = every(String.raw`\\u([0-9a-f]{4})|\\[^u]|${unclear}`)

/**
 * Shows the input of a call as the JSON that is sent: on one line, with keys in their original order. Unclear characters are
 * written as `\u{…}`, and backslashes in strings are doubled, so that different inputs have different texts. Line breaks in
 * strings stay `\n` and `\r`.
 *
 * @since 0.1.0
 * @category functions
 */
export const visibleJson = (value: Schema.Json): string =>
  encode(value).replace(unclearInJson, (found: string, code: string | undefined) =>
    code !== undefined
      ? `\\u{${Number.parseInt(code, 16).toString(16)}}`
      : found.startsWith("\\")
        ? found
        : escaped(found)
  )
