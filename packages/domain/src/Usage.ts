import * as Schema from "effect/Schema"

const Tokens = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** Tokens. Total input is `inputTokens + cacheReadTokens + cacheWriteTokens`. */
export const Usage = Schema.Struct({
  inputTokens: Tokens,
  outputTokens: Tokens,
  cacheReadTokens: Tokens,
  cacheWriteTokens: Tokens
})
export type Usage = typeof Usage.Type

export const zero: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }

const zip =
  (f: (a: number, b: number) => number) =>
  (a: Usage, b: Usage): Usage => ({
    inputTokens: f(a.inputTokens, b.inputTokens),
    outputTokens: f(a.outputTokens, b.outputTokens),
    cacheReadTokens: f(a.cacheReadTokens, b.cacheReadTokens),
    cacheWriteTokens: f(a.cacheWriteTokens, b.cacheWriteTokens)
  })

/** Saturates: no report of a provider, however absurd, makes a total that cannot be stored. */
export const add = zip((a, b) => Math.min(a + b, Number.MAX_SAFE_INTEGER))

/** Tokens of all kinds. */
export const total = ({ cacheReadTokens, cacheWriteTokens, inputTokens, outputTokens }: Usage): number =>
  inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens

/** Providers report running totals, sometimes twice: the larger report of each counter stands. */
export const latest = zip(Math.max)

const Dollars = Schema.Finite.check(
  Schema.isBetween({ minimum: 0, maximum: 1e6 }, { expected: "a price of 0 or more" })
)

/** US dollars per million tokens, as the user's configuration states them. Parley ships no price table. */
export const Price = Schema.Struct({
  input: Dollars,
  output: Dollars,
  cacheRead: Schema.optionalKey(Dollars),
  cacheWrite: Schema.optionalKey(Dollars)
})
export type Price = typeof Price.Type

/** What writing to a cache costs at most, in prices of input: the dearest that providers ask. */
const dearestCacheWrite = 2

/**
 * US dollars, never less than they are: cached tokens without a price of their own cost as much as input where they were
 * read, and twice as much where they were written.
 */
export const cost = (usage: Usage, price: Price): number =>
  (usage.inputTokens * price.input +
    usage.outputTokens * price.output +
    usage.cacheReadTokens * (price.cacheRead ?? price.input) +
    usage.cacheWriteTokens * (price.cacheWrite ?? dearestCacheWrite * price.input)) /
  1e6

/** How much of the input the provider had cached: 0 to 1, undefined when there was no input. */
export const cacheHitRatio = (usage: Usage): number | undefined => {
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  return input === 0 ? undefined : usage.cacheReadTokens / input
}
