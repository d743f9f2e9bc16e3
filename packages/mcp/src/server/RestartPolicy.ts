/** When a server that has died is restarted, and when that is given up. */
export interface RestartPolicy {
  /** The pause before the first restart; each further death within the window doubles it. */
  readonly firstDelayMillis: number
  readonly maxDelayMillis: number
  /** After this many deaths within the window, the server is not restarted. */
  readonly maxDeaths: number
  /** How long a death counts, in milliseconds. */
  readonly windowMillis: number
}

export const defaultRestartPolicy: RestartPolicy = {
  firstDelayMillis: 500,
  maxDelayMillis: 30_000,
  maxDeaths: 5,
  windowMillis: 10 * 60_000
}

/** The times of the deaths that count when another one happens now, oldest first, including the new one. */
export const countedDeaths = (
  { windowMillis }: RestartPolicy,
  deaths: ReadonlyArray<number>,
  now: number
): ReadonlyArray<number> => [...deaths.filter((death) => death > now - windowMillis), now]

/**
 * Milliseconds to wait before the next start; undefined if the server is not restarted. `spread` is a random number between
 * 0 and 1 that scales the pause to between 0.8 and 1.2 of its nominal length, so that servers that died together from one
 * cause do not all restart at the same instant.
 */
export const pauseAfter = (policy: RestartPolicy, deaths: number, spread: number): number | undefined =>
  deaths >= policy.maxDeaths
    ? undefined
    : Math.min(policy.maxDelayMillis, policy.firstDelayMillis * 2 ** (deaths - 1)) * (0.8 + 0.4 * spread)
