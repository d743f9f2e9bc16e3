import { cost, type Price, total, type Usage } from "@parley/domain/Usage"
import * as Context from "effect/Context"

interface Spent {
  readonly tokens: number
  readonly cost: number
}

const nothing: Spent = { tokens: 0, cost: 0 }
const minus = (a: Spent, b: Spent): Spent => ({ tokens: a.tokens - b.tokens, cost: a.cost - b.cost })

/**
 * What MCP servers had models answer, beside the conversation: it counts against the limits of the rounds it happens in.
 * It is in no log, so a session's limit knows of it only while the process lives.
 */
export class Meter {
  private all = nothing
  private atLatestRound = nothing

  add(usage: Usage, price: Price | undefined): void {
    const { cost: dollars, tokens } = this.all
    this.all = { tokens: tokens + total(usage), cost: dollars + (price === undefined ? 0 : cost(usage, price)) }
  }

  /** Begins a round, and returns what tells how much has been spent since. */
  round(): () => Spent {
    const start = this.all
    this.atLatestRound = start
    return () => minus(this.all, start)
  }

  get inAll(): Spent {
    return this.all
  }

  get inLatestRound(): Spent {
    return minus(this.all, this.atLatestRound)
  }
}

/** Provide one to the coordinator and to what answers servers; without one nothing is counted. */
export const Sampled = Context.Reference<Meter | undefined>("@parley/session/Sampled", {
  defaultValue: () => undefined
})

/** What has been spent beside the conversation since the round began. */
export const SinceRound = Context.Reference<() => Spent>("@parley/session/Sampled/SinceRound", {
  defaultValue: () => () => nothing
})
