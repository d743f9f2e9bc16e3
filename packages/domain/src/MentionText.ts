/**
 * Where an `@` in a text begins a mention, and where what it mentions may end: one rule for files and for resources. By
 * Unicode property, as each script has punctuation of its own.
 */

/** Punctuation that is not ASCII, and marks that are not seen, without those that join the parts of one word. */
const foreign = String.raw`[[\p{P}\p{Cf}＜＞]--[\p{ASCII}\u200c\u200d]]`

/** Scripts that put no spaces between words. */
const unspaced = String.raw`[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]`

const glue = `[${foreign}${unspaced}]`

/**
 * An `@` at the beginning of the text, behind a space, behind an opening bracket, behind punctuation that is not ASCII, or
 * behind a letter of a script without spaces. An address has none of these before its `@`, and what is quoted in code, such
 * as `"@scope/pkg"`, is not meant for us. Groups: what is in quotes, what follows the quotes, and what is not in quotes.
 * The last ends where the next mention begins without a space.
 */
export const written = (behindQuotes = ""): RegExp =>
  new RegExp(
    String.raw`@(?<=(?:^|[\s\(\[<${glue}])@)(?:"([^"\r\n]+)"${behindQuotes}|(?!")((?:\S(?!@)|(?!${glue})\S)+))`,
    "gv"
  )

const letter = new RegExp(String.raw`[${unspaced}--\p{P}]$`, "v")

/** Whether a letter is right before the place. An address may be written so, too. */
export const isGlued = (text: string, at: number): boolean => letter.test(text.slice(Math.max(0, at - 2), at))

const ends = new RegExp(String.raw`[.,;:!?\)\]\}>"'\x60${foreign}]$`, "v")
const cuts = new RegExp(foreign, "gv")
const opening = /[\p{Ps}\p{Pi}]/u
/** Inside of words these are apostrophes, hyphens and the like, and no ends. */
const joining = /[\p{Pd}\p{Pc}’·‧・]/u
const longDash = /[—―⸺⸻]/u

/** How many ends of sentences are tried as parts of a name before they are all left out, and how many cuts in it are. */
const tried = 4

/** The length without the ends of sentences that the first `length` characters end with. */
const withoutEnds = (token: string, length: number): number => {
  let end = length
  for (;;) {
    const [mark] = ends.exec(token.slice(Math.max(0, end - 2), end)) ?? []
    if (mark === undefined) return end
    end -= mark.length
  }
}

/**
 * What a mention may name, the longest first: all of the token, then without one more end of a sentence, then up to
 * punctuation in the middle of it, where a script without spaces goes on. An existing name is what is meant, so callers
 * try them in this order.
 */
export const shortened = (token: string): ReadonlyArray<string> => {
  const end = withoutEnds(token, token.length)
  const lengths = new Set(Array.from({ length: Math.min(token.length - end, tried) }, (_, i) => token.length - i))
  lengths.add(end)
  let left = tried
  for (const { 0: mark, index } of token.matchAll(cuts)) {
    if (left === 0 || index >= end) break
    if (joining.test(mark) && !longDash.test(mark)) continue
    // A bracket behind a slash opens a name, and does not end a directory's.
    if (opening.test(mark) && /[/\\]/.test(token.charAt(index - 1))) continue
    left--
    lengths.add(index)
    lengths.add(withoutEnds(token, index))
  }
  return [...lengths]
    .filter((length) => length > 0)
    .sort((a, b) => b - a)
    .map((length) => token.slice(0, length))
}
