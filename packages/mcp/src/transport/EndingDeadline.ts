import * as Effect from "effect/Effect"

/** The deadline of each step of ending a server, in milliseconds after the signal that is ending this process. */
const until = {
  /** The server's standard input has been closed; at this time it receives SIGTERM. */
  input: 250,
  /** The server has received SIGTERM; at this time it receives SIGKILL. */
  asked: 1150,
  /**
   * Processes that the server left behind have received SIGTERM; at this time they receive SIGKILL. Parley exits at 1500.
   */
  left: 1400
}

/** Whether a signal is ending this process, and how much time has passed since then. */
export interface EndingDeadline {
  readonly isOver: (step: keyof typeof until) => boolean
}

export const makeEndingDeadline = (): EndingDeadline & { readonly begin: Effect.Effect<void> } => {
  const signal: { since: number | undefined } = { since: undefined }
  return {
    isOver: (step) => signal.since !== undefined && performance.now() - signal.since >= until[step],
    begin: Effect.sync(() => {
      signal.since ??= performance.now()
    })
  }
}

/** Milliseconds after the signal at which servers whose ending has not begun yet receive SIGTERM. */
export const askAfterMillis: number = until.input
