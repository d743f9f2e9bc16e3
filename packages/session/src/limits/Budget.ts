import type { BudgetLedger, BudgetLimits } from "@parley/domain/BudgetLedger"
import { CapReached, PriceUnknown, type StorageError } from "@parley/domain/Errors"
import { format } from "@parley/domain/ModelRef"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import { worstCost } from "@parley/domain/Usage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { Limits, type RoundLimits } from "./Limits.ts"
import { type Meter, Sampled } from "./SamplingUsage.ts"

/**
 * A budget that all processes of a user share.
 *
 * @since 0.1.0
 * @category models
 */
export interface BudgetSettings {
  readonly ledger: BudgetLedger["Service"]
  readonly limits: BudgetLimits
  /** The root of the workspace that pays. Provide another value around a call for another workspace. */
  readonly workspace: string
}

/**
 * The budget that pays for all requests to models. Default: none.
 *
 * @since 0.1.0
 * @category services
 */
export const Budget = Context.Reference<BudgetSettings | undefined>("@parley/session/Budget", {
  defaultValue: () => undefined
})

/** Whether a limit in dollars is set. */
const limitsDollars = ({ roundCost, sessionCost }: RoundLimits, budget: BudgetSettings | undefined): boolean =>
  roundCost !== undefined || sessionCost !== undefined || budget !== undefined

/**
 * Whether a limit in dollars is set, so that all prices must be known.
 *
 * @since 0.1.0
 * @category constants
 */
export const inDollars: Effect.Effect<boolean> = Effect.gen(function* () {
  return limitsDollars(yield* Limits, yield* Budget)
})

/** The longest response that the model may give, in tokens, to a request with this much input. */
const longest = ({ contextWindow, maxOutput }: ModelInfo, input: number): number | undefined =>
  maxOutput ?? (contextWindow === undefined ? undefined : Math.max(0, contextWindow - input))

/**
 * The highest cost in US dollars of a request with this many tokens of input. Fails if it has no bound.
 *
 * @since 0.1.0
 * @category functions
 */
export const worstOf = (model: ModelInfo, input: number): Effect.Effect<number, PriceUnknown> => {
  const name = format(model.ref)
  if (model.price === undefined) return Effect.fail(new PriceUnknown({ model: name }))
  const output = longest(model, input)
  return output === undefined
    ? Effect.fail(new PriceUnknown({ model: name, unbounded: true }))
    : Effect.succeed(worstCost(input, output, model.price))
}

/** Slack for what comes before and after a response, in milliseconds. */
const slack = 60_000

/**
 * What was spent of the limits of a round and of its session, in US dollars.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spent {
  readonly round: number
  readonly session: number
}

// Sums of costs are floats, and are off by less than this.
const tolerance = 1e-9

const refusalOf = (
  { roundCost, sessionCost }: RoundLimits,
  { round, session }: Spent,
  worst: number
): CapReached | undefined => {
  const caps = [
    ["cost", roundCost, round],
    ["sessionCost", sessionCost, session]
  ] as const
  for (const [cap, limit, spent] of caps)
    if (limit !== undefined && worst > limit - spent + tolerance)
      return new CapReached({ cap, limit, worst, left: Math.max(0, limit - spent) })
  return undefined
}

/**
 * Runs `request` while its worst case is set aside from the limits of the round and of the session. Fails if it does not fit
 * beside what `spent` says and what other requests have set aside: requests of servers may run beside those of the round.
 *
 * @since 0.1.0
 * @category functions
 */
export const setAside = <A, E, R>(
  worst: number,
  spent: (meter: Meter | undefined) => Spent,
  request: Effect.Effect<A, E, R>
): Effect.Effect<A, E | CapReached, R> =>
  Effect.gen(function* () {
    const limits = yield* Limits
    const meter = yield* Sampled
    // Checked and set aside in one step, so that no other request comes between.
    const take = Effect.suspend(() => {
      const { round, session } = spent(meter)
      const held = meter?.held ?? 0
      const refusal = refusalOf(limits, { round: round + held, session: session + held }, worst)
      return refusal === undefined ? Effect.succeed(meter?.hold(worst)) : Effect.fail(refusal)
    })
    return yield* Effect.acquireUseRelease(
      take,
      () => request,
      (release) => Effect.sync(() => release?.())
    )
  })

/**
 * Sends a request while its worst case is reserved in the shared budget, if there is one, and then settles it on what
 * `costOf` finds. If that cannot be stored, the reservation stays, and counts with its worst case once it is due.
 *
 * @since 0.1.0
 * @category functions
 */
export const reserving = <A, E, R>(
  worst: number,
  send: Effect.Effect<A, E, R>,
  costOf: (exit: Exit.Exit<A, E>) => number
): Effect.Effect<A, E | CapReached | StorageError, R> =>
  Effect.gen(function* () {
    const budget = yield* Budget
    if (budget === undefined) return yield* send
    const { ledger, limits, workspace } = budget
    const { turnMillis } = yield* Limits
    return yield* Effect.acquireUseRelease(
      ledger.reserve({ workspace, worst, limits, millis: turnMillis + slack }),
      () => send,
      (reservation, exit) =>
        ledger
          .settle(reservation, costOf(exit))
          .pipe(
            Effect.catch((error) =>
              Effect.logWarning(
                `The cost of a request was not stored, so the budget counts its worst case: ${error.message}`
              )
            )
          )
    )
  })
