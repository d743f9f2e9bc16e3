import * as Schema from "effect/Schema"

const Tokens = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * Token counts. The total input is `inputTokens + cacheReadTokens + cacheWriteTokens`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  inputTokens: Tokens,
  outputTokens: Tokens,
  cacheReadTokens: Tokens,
  cacheWriteTokens: Tokens
})
export type Usage = typeof Usage.Type

/**
 * No tokens.
 *
 * @since 0.1.0
 * @category constants
 */
export const zero: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }

const zip =
  (f: (a: number, b: number) => number) =>
  (a: Usage, b: Usage): Usage => ({
    inputTokens: f(a.inputTokens, b.inputTokens),
    outputTokens: f(a.outputTokens, b.outputTokens),
    cacheReadTokens: f(a.cacheReadTokens, b.cacheReadTokens),
    cacheWriteTokens: f(a.cacheWriteTokens, b.cacheWriteTokens)
  })

/**
 * Adds each counter. Saturates at the largest safe integer, so that no report of a provider gives a total that cannot be
 * stored.
 *
 * @since 0.1.0
 * @category constants
 */
export const add = zip((a, b) => Math.min(a + b, Number.MAX_SAFE_INTEGER))

/**
 * All tokens of the input, cached or not.
 *
 * @since 0.1.0
 * @category functions
 */
export const allInput = ({ cacheReadTokens, cacheWriteTokens, inputTokens }: Usage): number =>
  inputTokens + cacheReadTokens + cacheWriteTokens

/**
 * The sum of all counters.
 *
 * @since 0.1.0
 * @category functions
 */
export const total = (usage: Usage): number => allInput(usage) + usage.outputTokens

/**
 * The larger value of each counter. Providers report running totals, sometimes repeatedly.
 *
 * @since 0.1.0
 * @category constants
 */
export const latest = zip(Math.max)

/**
 * The usage with at least this much input, cached tokens included, and output. Many providers report the usage only at the end
 * of a response, but charge for one that broke off.
 *
 * @since 0.1.0
 * @category functions
 */
export const atLeast = (usage: Usage, least: Pick<Usage, "inputTokens" | "outputTokens">): Usage => ({
  ...usage,
  inputTokens: usage.inputTokens + Math.max(0, least.inputTokens - allInput(usage)),
  outputTokens: Math.max(usage.outputTokens, least.outputTokens)
})

const Dollars = Schema.Finite.check(
  Schema.isBetween({ minimum: 0, maximum: 1e6 }, { expected: "a price of 0 or more" })
)

const rates = {
  input: Dollars,
  output: Dollars,
  cacheRead: Schema.optionalKey(Dollars),
  cacheWrite: Schema.optionalKey(Dollars)
}
const Rates = Schema.Struct(rates)
type Rates = typeof Rates.Type

/** Prices for large requests: all tokens of a request whose input is larger than this cost as much. */
const Tier = Schema.Struct({ inputTokensAbove: Tokens, ...rates })

/**
 * US dollars per million tokens. Some models cost more for requests with a large input: of the tiers below the size of the
 * whole input, cached tokens included, the highest one applies to all tokens of the request.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Price = Schema.Struct({ ...rates, tiers: Tier.pipe(Schema.Array, Schema.optionalKey) })
export type Price = typeof Price.Type

/** The highest price of a cache write among providers, as a multiple of the input price. */
const dearestCacheWrite = 2

const readRate = ({ cacheRead, input }: Rates): number => cacheRead ?? input
const writeRate = ({ cacheWrite, input }: Rates): number => cacheWrite ?? dearestCacheWrite * input

/** The rates for a request with this many tokens of input, cached tokens included. */
const ratesFor = ({ tiers = [], ...base }: Price, inputTokens: number): Rates => {
  let highest = -1
  let found: Rates = base
  for (const tier of tiers) {
    if (inputTokens <= tier.inputTokensAbove || tier.inputTokensAbove <= highest) continue
    highest = tier.inputTokensAbove
    found = tier
  }
  return found
}

/**
 * The cost of one request in US dollars, never underestimated: without a separate price, tokens read from the cache cost as
 * much as input, and tokens written to the cache cost twice as much. Because of tiers, the cost of several requests is the
 * sum of their costs and not the cost of their total usage.
 *
 * @since 0.1.0
 * @category functions
 */
export const cost = (usage: Usage, price: Price): number => {
  const { cacheReadTokens, cacheWriteTokens, inputTokens, outputTokens } = usage
  const at = ratesFor(price, allInput(usage))
  return (
    (inputTokens * at.input +
      outputTokens * at.output +
      cacheReadTokens * readRate(at) +
      cacheWriteTokens * writeRate(at)) /
    1e6
  )
}

/**
 * The highest cost in US dollars of a request with this many tokens of input and output: whatever the provider's cache does,
 * and whichever tier applies. A dearer tier counts only if the input reaches it.
 *
 * @since 0.1.0
 * @category functions
 */
export const worstCost = (inputTokens: number, outputTokens: number, price: Price): number => {
  const at = ratesFor(price, inputTokens)
  return (inputTokens * Math.max(at.input, readRate(at), writeRate(at)) + outputTokens * at.output) / 1e6
}

/**
 * The share of the input that the provider read from its cache, from 0 to 1. Undefined if there was no input.
 *
 * @since 0.1.0
 * @category functions
 */
export const cacheHitRatio = (usage: Usage): number | undefined => {
  const input = allInput(usage)
  return input === 0 ? undefined : usage.cacheReadTokens / input
}
