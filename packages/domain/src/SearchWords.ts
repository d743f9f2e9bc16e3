import * as Result from "effect/Result"
import { InvalidMessage } from "./Errors.ts"

/**
 * Words of texts and of searches. Both are divided by the same rule, so that a search finds what it names in every store: a
 * word is a sequence of letters and digits, without regard to case and accents. Han and Kana, which are written without
 * spaces, are divided into single characters.
 */

const ascii = /^\p{ASCII}*$/u
const notWords = /[^\p{L}\p{N}\p{M}\p{ASCII}]+/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu
const accents = /[\u0300-\u036f]+/g
const word = /[a-z0-9\u0080-\u{10ffff}]+/gu

/**
 * The text in the form in which it is indexed: its words are what remains between ASCII characters other than letters and
 * digits. Letters of ASCII may still be capitals.
 *
 * @since 0.1.0
 * @category functions
 */
export const indexed = (text: string): string =>
  ascii.test(text)
    ? text
    : text
        .toWellFormed()
        .normalize("NFD")
        .replace(accents, "")
        .normalize("NFC")
        .toLowerCase()
        .replace(notWords, " ")
        .replace(unspaced, " $& ")

/**
 * The words of a text, in order.
 *
 * @since 0.1.0
 * @category functions
 */
export const wordsOf = (text: string): ReadonlyArray<string> => indexed(text).toLowerCase().match(word) ?? []

/**
 * Words that follow each other in a text. With `isPrefix`, the last one may be the beginning of a word.
 *
 * @since 0.1.0
 * @category models
 */
export interface Phrase {
  readonly words: ReadonlyArray<string>
  readonly isPrefix: boolean
}

/** Quoted texts, whose last quote may be missing, and texts without spaces. */
const term = /"([^"]*)(?:"|$)(\*)?|[^\s"]+/gu

const phraseLimit = 32

/**
 * The phrases that a text must contain, all of them. What a user quotes, or writes without a space as in `src/main.ts`, is
 * one phrase; `*` after it stands for the rest of a word. Fails if there is no word, or more phrases than are searched for.
 *
 * @since 0.1.0
 * @category functions
 */
export const phrasesOf = (text: string): Result.Result<ReadonlyArray<Phrase>, InvalidMessage> => {
  const phrases = [...text.matchAll(term)]
    .map((match): Phrase => {
      const [whole, quoted, star] = match
      return {
        words: wordsOf(quoted ?? whole),
        isPrefix: quoted === undefined ? whole.endsWith("*") : star !== undefined
      }
    })
    .filter(({ words }) => words.length > 0)
  if (phrases.length === 0)
    return Result.fail(new InvalidMessage({ problem: "A search needs at least one word: letters or digits" }))
  return phrases.length > phraseLimit
    ? Result.fail(new InvalidMessage({ problem: `A search has at most ${phraseLimit} words or quoted phrases` }))
    : Result.succeed(phrases)
}

/** A word of a text, with its place in it. */
interface Placed {
  readonly word: string
  readonly start: number
  readonly end: number
}

const asciiWord = /[a-z0-9]+/gi
const originalWord = /[\p{L}\p{N}\p{M}]+/gu

const placedAscii = (text: string): ReadonlyArray<Placed> => {
  const lower = text.toLowerCase()
  const words: Array<Placed> = []
  for (let match = asciiWord.exec(lower); match !== null; match = asciiWord.exec(lower))
    words.push({ word: match[0], start: match.index, end: asciiWord.lastIndex })
  return words
}

const placed = (text: string): ReadonlyArray<Placed> => {
  if (ascii.test(text)) return placedAscii(text)
  return [...text.matchAll(originalWord)].flatMap(({ 0: whole, index }) => {
    const words = ascii.test(whole) ? [whole.toLowerCase()] : wordsOf(whole)
    const [first] = words
    if (first === undefined) return []
    if (words.length === 1) return [{ word: first, start: index, end: index + whole.length }]
    // Characters of their own: each has the place where it stands.
    const characters = [...whole.matchAll(/./gsu)]
    return words.length === characters.length
      ? words.map((each, i): Placed => {
          const at = index + (characters[i]?.index ?? 0)
          return { word: each, start: at, end: at + (characters[i]?.[0].length ?? 0) }
        })
      : words.map((each): Placed => ({ word: each, start: index, end: index + whole.length }))
  })
}

const fits = (words: ReadonlyArray<Placed>, from: number, { isPrefix, words: wanted }: Phrase): boolean => {
  for (let i = 0; i < wanted.length; i++) {
    const found = words[from + i]?.word ?? ""
    const each = wanted[i] ?? ""
    if (found !== each && !(isPrefix && i === wanted.length - 1 && found.startsWith(each))) return false
  }
  return true
}

/**
 * A place in a text that a phrase was found at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  /** The number of the phrase. */
  readonly phrase: number
  readonly start: number
  readonly end: number
}

/**
 * The places in a text at which phrases begin, in order.
 *
 * @since 0.1.0
 * @category functions
 */
export const placesOf = (text: string, phrases: ReadonlyArray<Phrase>): ReadonlyArray<Found> => {
  const words = placed(text)
  const found: Array<Found> = []
  for (let i = 0; i < words.length; i++)
    for (const [number, phrase] of phrases.entries()) {
      const last = words[i + phrase.words.length - 1]
      if (fits(words, i, phrase)) found.push({ phrase: number, start: words[i]?.start ?? 0, end: last?.end ?? 0 })
    }
  return found
}
