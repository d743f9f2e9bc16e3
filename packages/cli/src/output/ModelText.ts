import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { Price } from "@parley/domain/Usage"

const list = (date: string | undefined) => (date === undefined ? "" : `, price list of ${date}`)

/** The price of a model in one line: in full size, and with the date of the price list. Empty if it is not known. */
export const priceOf = ({ price, priceDate }: ModelInfo): string => {
  if (price === undefined) return ""
  if (price.input === 0 && price.output === 0) return "  (free)"
  const more = price.tiers === undefined || price.tiers.length === 0 ? "" : ", more for large requests"
  return `  ($${price.input} in, $${price.output} out per million tokens${more}${list(priceDate)})`
}

/** US dollars, with as many digits as make the amount visible. */
export const dollars = (amount: number): string => {
  const digits = amount === 0 || amount >= 0.01 ? 4 : 8
  return `$${amount.toFixed(digits)}`
}

const rates = ({ cacheRead, cacheWrite, input, output }: Omit<Price, "tiers">): string =>
  [
    `$${input} in`,
    `$${output} out`,
    ...(cacheRead === undefined ? [] : [`$${cacheRead} read from the cache`]),
    ...(cacheWrite === undefined ? [] : [`$${cacheWrite} written to the cache`])
  ].join(", ")

const count = (tokens: number) => tokens.toLocaleString("en-US")

const priceLines = ({ price, priceDate, ref }: ModelInfo): ReadonlyArray<string> => {
  if (price === undefined)
    return [
      `price: not known, so limits in dollars refuse this model; set prices["${ref.provider}/${ref.model}"] in the configuration`
    ]
  return [
    `price per million tokens${priceDate === undefined ? "" : ` (price list of ${priceDate})`}: ${rates(price)}`,
    ...(price.tiers ?? []).map(
      ({ inputTokensAbove, ...tier }) => `  with more than ${count(inputTokensAbove)} tokens of input: ${rates(tier)}`
    )
  ]
}

/** Everything that is known about a model, one fact per line. */
export const linesOf = (info: ModelInfo): ReadonlyArray<string> => {
  const { accepts, contextWindow, description, endpoint, maxOutput, ref } = info
  const reads = ["text", ...Object.keys(accepts ?? {})].join(", ")
  return [
    `${ref.provider}/${ref.model}  ${description}`,
    ...(endpoint === undefined ? [] : [`endpoint: ${endpoint}`]),
    `context window: ${contextWindow === undefined ? "not known" : `${count(contextWindow)} tokens`}`,
    `longest response: ${maxOutput === undefined ? "not known" : `${count(maxOutput)} tokens`}`,
    `reads: ${reads}`,
    ...priceLines(info)
  ]
}
