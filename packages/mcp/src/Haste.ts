import * as Effect from "effect/Effect"

/** Until when, in milliseconds after the signal, each step of ending a server may take when this process is ending by one. */
const until = {
  /** It has seen the end of its input, and is sent SIGTERM. */
  input: 250,
  /** It has been sent SIGTERM, and is sent SIGKILL. */
  asked: 1150,
  /** What it has left has been sent SIGTERM, and is sent SIGKILL. The command leaves at 1500. */
  left: 1400
}

/** Whether this process is ending by a signal, and for how long. */
export interface Haste {
  readonly isOver: (step: keyof typeof until) => boolean
}

export const makeHaste = (): Haste & { readonly begin: Effect.Effect<void> } => {
  const held: { since: number | undefined } = { since: undefined }
  return {
    isOver: (step) => held.since !== undefined && performance.now() - held.since >= until[step],
    begin: Effect.sync(() => {
      held.since ??= performance.now()
    })
  }
}

/** How long after the signal SIGTERM is sent to servers that are not being ended yet. */
export const askAfterMillis: number = until.input
