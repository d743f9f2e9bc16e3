import { cost, type Price, total, type Usage } from "@parley/domain/Usage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SessionLog } from "../log/SessionLog.ts"

interface Spent {
  readonly tokens: number
  readonly cost: number
}

const nothing: Spent = { tokens: 0, cost: 0 }
const minus = (a: Spent, b: Spent): Spent => ({ tokens: a.tokens - b.tokens, cost: a.cost - b.cost })

/**
 * Counts the tokens and the cost of sampling, that is, of model calls that MCP servers requested. They count towards the
 * limits of the round in which they happen. They are not in the log, so a session's limits include them only while the
 * process lives.
 *
 * @since 0.1.0
 * @category models
 */
export class Meter {
  private all = nothing
  private reserved = 0
  /** What the conversation has cost in the latest round and in its session, in US dollars. */
  conversation: () => { readonly round: number; readonly session: number } = () => ({ round: 0, session: 0 })
  private atLatestRound = nothing

  /** Counts one model call. Without a price its tokens count, but no cost. */
  add(usage: Usage, price: Price | undefined): void {
    const { cost: dollars, tokens } = this.all
    this.all = { tokens: tokens + total(usage), cost: dollars + (price === undefined ? 0 : cost(usage, price)) }
  }

  /** Sets the worst case of a request aside, in US dollars, until the returned function is called. */
  hold(worst: number): () => void {
    this.reserved += worst
    return () => {
      this.reserved -= worst
    }
  }

  /** The worst cases of the requests that are being answered, in US dollars. */
  get held(): number {
    return this.reserved
  }

  /** Marks the start of a round. The returned function gives what was used since then. */
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

/**
 * Provide the same meter to the coordinator and to the handler of sampling requests. Without one, sampling is not
 * counted.
 *
 * @since 0.1.0
 * @category services
 */
export const Sampled = Context.Reference<Meter | undefined>("@parley/session/Sampled", {
  defaultValue: () => undefined
})

/**
 * What sampling has used since the round began.
 *
 * @since 0.1.0
 * @category services
 */
export const SinceRound = Context.Reference<() => Spent>("@parley/session/Sampled/SinceRound", {
  defaultValue: () => () => nothing
})

/**
 * Counts what sampling uses from now on towards the round that `run` runs.
 *
 * @since 0.1.0
 * @category functions
 */
export const metered = <A, E, R>(log: SessionLog, run: Effect.Effect<A, E, R>): Effect.Effect<Effect.Effect<A, E, R>> =>
  Effect.map(Sampled, (meter) => {
    if (meter === undefined) return run
    const sinceRound = meter.round()
    meter.conversation = () => ({ round: log.state.round?.spent.cost ?? 0, session: log.state.spent.cost })
    return Effect.provideService(run, SinceRound, sinceRound)
  })
