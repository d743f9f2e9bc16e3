/** When a server that has died is started again, and when no more. */
export interface RestartPolicy {
  /** The pause before the first restart; each further death within the window doubles it. */
  readonly firstDelayMillis: number
  readonly maxDelayMillis: number
  /** So many deaths within the window are the last. */
  readonly maxDeaths: number
  /** How long a death counts. So a server that stayed ready for as long starts with a clean record. */
  readonly windowMillis: number
}

export const defaultRestartPolicy: RestartPolicy = {
  firstDelayMillis: 500,
  maxDelayMillis: 30_000,
  maxDeaths: 5,
  windowMillis: 10 * 60_000
}

/** The deaths that still count when one more happens now, oldest first, that one included. */
export const countedDeaths = (
  { windowMillis }: RestartPolicy,
  deaths: ReadonlyArray<number>,
  now: number
): ReadonlyArray<number> => [...deaths.filter((death) => death > now - windowMillis), now]

/**
 * How long to wait before the next start, or nothing when there is none. `spread` is drawn between 0 and 1: the pause is
 * that much of the way from four fifths to six fifths of its nominal length, so that servers which died together, because
 * of one cause, do not all come back at one instant.
 */
export const pauseAfter = (policy: RestartPolicy, deaths: number, spread: number): number | undefined =>
  deaths >= policy.maxDeaths
    ? undefined
    : Math.min(policy.maxDelayMillis, policy.firstDelayMillis * 2 ** (deaths - 1)) * (0.8 + 0.4 * spread)
