import { Effect, Schema } from "effect"

/** Something that should have happened did not. */
export class Waited extends Schema.TaggedError<Waited>()("Waited", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** Waits for something that happens outside of this process. `describe` says what there was instead when it does not. */
export const until = (
  what: string,
  holds: () => boolean,
  describe: () => string = () => "",
  seconds = 25
): Effect.Effect<void, Waited> =>
  Effect.suspend(() => {
    const patience = performance.now() + seconds * 1000
    const look: Effect.Effect<void, Waited> = Effect.suspend(() => {
      if (holds()) return Effect.void
      if (performance.now() > patience)
        return Effect.fail(new Waited({ problem: `waited ${seconds} s until ${what}; ${describe()}` }))
      return Effect.andThen(Effect.sleep(4), look)
    })
    return look
  })
