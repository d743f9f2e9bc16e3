import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CapReached, type StorageError } from "./Errors.ts"

/**
 * Limits in US dollars for everything that a user's processes spend together.
 *
 * @since 0.1.0
 * @category models
 */
export interface BudgetLimits {
  /** For one calendar day (UTC), in all workspaces. */
  readonly day?: number | undefined
  /** For one workspace, on all days together. */
  readonly workspace?: number | undefined
}

/**
 * A request to a model that is about to be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface BudgetRequest {
  /** The root of the workspace that pays for it. */
  readonly workspace: string
  /** The highest possible cost in US dollars. */
  readonly worst: number
  /** How long the request may take at most, in milliseconds. */
  readonly millis: number
  readonly limits: BudgetLimits
}

/**
 * Money that is set aside for a request. Amounts are in billionths of a dollar, so that they add up exactly.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reservation {
  readonly id: string
  /** Days since 1970-01-01 in UTC. */
  readonly day: number
  readonly workspace: string
  readonly nanos: number
}

/**
 * What was spent and is reserved, in US dollars: today in all workspaces, and in one workspace on all days.
 *
 * @since 0.1.0
 * @category models
 */
export interface BudgetSpent {
  readonly day: number
  readonly workspace: number
}

const nanosPerDollar = 1e9
const dayMillis = 86_400_000

/**
 * The number of the day in UTC.
 *
 * @since 0.1.0
 * @category functions
 */
export const dayOf = (millis: number): number => Math.floor(millis / dayMillis)

/**
 * A cost in billionths of a dollar, rounded up. First rounded to a thousandth of that, which removes errors of floats.
 *
 * @since 0.1.0
 * @category functions
 */
export const nanosOf = (dollars: number): number => Math.ceil(Math.round(dollars * nanosPerDollar * 1000) / 1000)

const dollarsOf = (nanos: number): number => nanos / nanosPerDollar

/**
 * The same amounts in US dollars.
 *
 * @since 0.1.0
 * @category functions
 */
export const spentOf = (nanos: BudgetSpent): BudgetSpent => ({
  day: dollarsOf(nanos.day),
  workspace: dollarsOf(nanos.workspace)
})

/**
 * The error if a request does not fit into a limit beside what was spent and is reserved, in billionths of a dollar.
 *
 * @since 0.1.0
 * @category functions
 */
export const refusalOf = (
  { limits, worst }: BudgetRequest,
  taken: { readonly day: number; readonly workspace: number }
): CapReached | undefined => {
  const wanted = nanosOf(worst)
  const caps = [
    ["budgetDay", limits.day, taken.day],
    ["budgetWorkspace", limits.workspace, taken.workspace]
  ] as const
  for (const [cap, limit, used] of caps) {
    if (limit === undefined || used + wanted <= nanosOf(limit)) continue
    return new CapReached({ cap, limit, worst, left: Math.max(0, limit - dollarsOf(used)) })
  }
  return undefined
}

/**
 * What all of a user's processes spend together on models. Before a request, its worst case is reserved; afterwards it is
 * settled on its real cost. A reservation that is not settled in time, because its process died, counts as spent with its
 * worst case, because it is not known what the provider charged for it.
 *
 * @since 0.1.0
 * @category services
 */
export class BudgetLedger extends Context.Service<
  BudgetLedger,
  {
    /**
     * Sets the worst case of a request aside, or fails with `CapReached` if it does not fit into a limit beside everything
     * that was spent and is reserved. Concurrent calls, also of other processes, never reserve more than the limits.
     */
    readonly reserve: (request: BudgetRequest) => Effect.Effect<Reservation, CapReached | StorageError>
    /** Replaces a reservation by its real cost in US dollars, which may be higher. To be called once. */
    readonly settle: (reservation: Reservation, cost: number) => Effect.Effect<void, StorageError>
    /** What was spent and is reserved. */
    readonly spent: (workspace: string) => Effect.Effect<BudgetSpent, StorageError>
  }
>()("@parley/domain/BudgetLedger") {
  /** A ledger of this process only. */
  static readonly layerMemory: Layer.Layer<BudgetLedger> = Layer.sync(BudgetLedger, () => {
    const entries = new Map<string, Reservation>()
    const taken = (workspace: string, now: number) => {
      let [day, all] = [0, 0]
      for (const entry of entries.values()) {
        if (entry.day === dayOf(now)) day += entry.nanos
        if (entry.workspace === workspace) all += entry.nanos
      }
      return { day, workspace: all }
    }
    return BudgetLedger.of({
      reserve: (request) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const { workspace, worst } = request
          const refusal = refusalOf(request, taken(workspace, now))
          if (refusal !== undefined) return Effect.fail(refusal)
          const reservation = { id: String(entries.size + 1), day: dayOf(now), workspace, nanos: nanosOf(worst) }
          entries.set(reservation.id, reservation)
          return Effect.succeed(reservation)
        }),
      settle: (reservation, cost) =>
        Effect.sync(() => void entries.set(reservation.id, { ...reservation, nanos: nanosOf(cost) })),
      spent: (workspace) => Effect.map(Clock.currentTimeMillis, (now) => spentOf(taken(workspace, now)))
    })
  })
}
