import * as Schema from "effect/Schema"

/**
 * The limits that end a round. Those whose names begin with `session` apply to all rounds of the session together, and those
 * that begin with `budget` to everything that the user's processes spend: see `BudgetLedger`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Cap = Schema.Literals([
  "turns",
  "time",
  "tokens",
  "cost",
  "identicalCalls",
  "sessionTokens",
  "sessionCost",
  "budgetDay",
  "budgetWorkspace"
])
export type Cap = typeof Cap.Type

const newRound = "; send another message to continue, or raise the limit"
const newSession = "; raise the limit, or start another session"
const caps: { readonly [C in Cap]: (limit: number) => string } = {
  turns: (limit) => `The round reached its limit of ${limit} model responses${newRound}`,
  time: (limit) => `The round reached its limit of ${limit} s${newRound}`,
  tokens: (limit) => `The round reached its limit of ${limit} tokens${newRound}`,
  cost: (limit) => `The round reached its limit of $${limit}${newRound}`,
  identicalCalls: (limit) => `The round reached its limit of ${limit} identical tool calls${newRound}`,
  sessionTokens: (limit) => `The session reached its limit of ${limit} tokens${newSession}`,
  sessionCost: (limit) => `The session reached its limit of $${limit}${newSession}`,
  budgetDay: (limit) =>
    `The budget of $${limit} for one day is used up; wait until midnight (UTC), or raise budget.day in the configuration`,
  budgetWorkspace: (limit) =>
    `The budget of $${limit} for this workspace is used up; raise budget.workspace in the configuration`
}

const inDollars: { readonly [C in Cap]?: string } = {
  cost: "the round's limit",
  sessionCost: "the session's limit",
  budgetDay: "the budget for one day",
  budgetWorkspace: "the budget for this workspace"
}

/** US dollars for people: cents, and smaller amounts as precisely as needed. */
const dollars = (amount: number): string =>
  `$${amount === 0 || amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(2)}`

/**
 * A limit of the round or the session was reached before the model had finished. Everything up to that point is stored.
 * Another message starts a new round with the round's limits reset; a session's limits must be raised first.
 *
 * @since 0.1.0
 * @category errors
 */
export class CapReached extends Schema.TaggedError<CapReached>()("CapReached", {
  cap: Cap,
  /**
   * The limit that was reached: seconds for `time`, US dollars for `cost`, `sessionCost` and the budgets, otherwise a count.
   */
  limit: Schema.Finite,
  /** What the next request could cost at most, in US dollars, if it was not sent because that is more than is left. */
  worst: Schema.optionalKey(Schema.Finite),
  /** What is left of the limit, in US dollars. Set together with `worst`. */
  left: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    const { cap, left = 0, limit, worst } = this
    return worst === undefined || left <= 0
      ? caps[cap](limit)
      : `${dollars(left)} are left of ${inDollars[cap] ?? "the limit"} of $${limit}, but the next request could cost up to ${dollars(worst)}, so it was not sent; raise the limit, or lower maxOutputTokens of the model`
  }
}

/**
 * A cost limit is set but cannot be enforced, because a price or the length of a response is not known. Nothing was sent or
 * stored. Configure the model's price or longest response, or remove the limit.
 *
 * @since 0.1.0
 * @category errors
 */
export class PriceUnknown extends Schema.TaggedError<PriceUnknown>()("PriceUnknown", {
  /** The model without a price, as `provider/model`. */
  model: Schema.String,
  /**
   * Set if the price of this model is known, but the session has already used this many tokens whose price was not known.
   */
  unpricedTokens: Schema.optionalKey(Schema.Int),
  /** Set if the price is known, but not how long a response can be. */
  unbounded: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message(): string {
    if (this.unbounded === true)
      return `The longest response of ${this.model} is not known, so the limit in dollars cannot hold. Nothing was sent. Set models[${JSON.stringify(this.model)}].maxOutputTokens in the configuration, or leave the limit out`
    return this.unpricedTokens === undefined
      ? `The price of ${this.model} is not known, so the limit in dollars cannot hold. Nothing was sent. Set prices[${JSON.stringify(this.model)}] in the configuration, such as { "input": 3, "output": 15 } in dollars per million tokens, or leave the limit out`
      : `This session has spent ${this.unpricedTokens} tokens at a price that was not known, so limits.sessionCost cannot hold. Nothing was sent. Start another session, or leave that limit out`
  }
}
