/**
 * Where an `@` in a text begins a mention, and where the mentioned name may end. The same rules apply to files and
 * resources. They are based on Unicode properties, because each script has its own punctuation.
 */

/** Non-ASCII punctuation and invisible format characters, except the joiners that connect the parts of a word. */
const foreign = String.raw`[[\p{P}\p{Cf}＜＞]--[\p{ASCII}\u200c\u200d]]`

/** Scripts that do not separate words by spaces. */
const unspaced = String.raw`[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]`

const glue = `[${foreign}${unspaced}]`

/**
 * Matches a mention: an `@` at the beginning of the text, or after a space, an opening bracket, non-ASCII punctuation, or
 * a letter of a script without spaces. E-mail addresses have none of these before the `@`, and quoted code such as
 * `"@scope/pkg"` is not a mention. Groups: the quoted name, what follows the quotes (`behindQuotes`), and the unquoted
 * name. An unquoted name ends before the next mention, even without a space between them.
 *
 * @since 0.1.0
 * @category functions
 */
export const written = (behindQuotes = ""): RegExp =>
  new RegExp(
    String.raw`@(?<=(?:^|[\s\(\[<${glue}])@)(?:"([^"\r\n]+)"${behindQuotes}|(?!")((?:\S(?!@)|(?!${glue})\S)+))`,
    "gv"
  )

const letter = new RegExp(String.raw`[${unspaced}--\p{P}]$`, "v")

/**
 * Whether a letter directly precedes the position. An e-mail address may look like this as well.
 *
 * @since 0.1.0
 * @category guards
 */
export const isGlued = (text: string, at: number): boolean => letter.test(text.slice(Math.max(0, at - 2), at))

const ends = new RegExp(String.raw`[.,;:!?\)\]\}>"'\x60${foreign}]$`, "v")
const cuts = new RegExp(foreign, "gv")
const opening = /[\p{Ps}\p{Pi}]/u
/** Within words these are apostrophes, hyphens and similar characters, so they do not end a name. */
const joining = /[\p{Pd}\p{Pc}’·‧・]/u
const longDash = /[—―⸺⸻]/u

/** The end of a file's name, perhaps with lines, before a word of a script without spaces: `@a.md:10是什么`. */
const beforeText = new RegExp(
  String.raw`\.[A-Za-z0-9]{1,10}(?:(?:#L?|:)\d{1,7}(?:-L?\d{1,7})?)?(?=[,;:!?]?[${unspaced}--\p{P}])`,
  "v"
)

/**
 * How many trailing punctuation marks are tried as part of a name, and at how many inner punctuation marks a name is cut.
 */
const tried = 4

/** The length of the first `length` characters without trailing punctuation. */
const withoutEnds = (token: string, length: number): number => {
  let end = length
  for (;;) {
    const [mark] = ends.exec(token.slice(Math.max(0, end - 2), end)) ?? []
    if (mark === undefined) return end
    end -= mark.length
  }
}

/**
 * The names that a mention may mean, longest first: the whole token, then without one trailing punctuation mark after
 * another, then up to punctuation within it, because text in a script without spaces may follow. Callers use the first
 * name that exists.
 *
 * @since 0.1.0
 * @category functions
 */
export const shortened = (token: string): ReadonlyArray<string> => {
  const end = withoutEnds(token, token.length)
  const lengths = new Set(Array.from({ length: Math.min(token.length - end, tried) }, (_, i) => token.length - i))
  lengths.add(end)
  let left = tried
  for (const { 0: mark, index } of token.matchAll(cuts)) {
    if (left === 0 || index >= end) break
    if (joining.test(mark) && !longDash.test(mark)) continue
    // A bracket after a slash begins a name instead of ending that of a directory.
    if (opening.test(mark) && /[/\\]/.test(token.charAt(index - 1))) continue
    left--
    lengths.add(index)
    lengths.add(withoutEnds(token, index))
  }
  const ended = beforeText.exec(token)
  if (ended !== null) lengths.add(ended.index + ended[0].length)
  return [...lengths]
    .filter((length) => length > 0)
    .sort((a, b) => b - a)
    .map((length) => token.slice(0, length))
}
