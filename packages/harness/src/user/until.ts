import { Effect, Schema } from "effect"

/** An expected condition was not met in time. */
export class WaitTimeout extends Schema.TaggedError<WaitTimeout>()("WaitTimeout", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** Waits for a condition outside this process. On a timeout, `describe` supplies the actual state for the error. */
export const until = (
  what: string,
  holds: () => boolean,
  describe: () => string = () => "",
  seconds = 25
): Effect.Effect<void, WaitTimeout> =>
  Effect.suspend(() => {
    const patience = performance.now() + seconds * 1000
    const look: Effect.Effect<void, WaitTimeout> = Effect.suspend(() => {
      if (holds()) return Effect.void
      if (performance.now() > patience)
        return Effect.fail(new WaitTimeout({ problem: `waited ${seconds} s until ${what}; ${describe()}` }))
      return Effect.andThen(Effect.sleep(4), look)
    })
    return look
  })
