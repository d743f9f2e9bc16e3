import { rmSync } from "node:fs"
import * as Effect from "effect/Effect"

/** Removes a file that has served. One that cannot be removed is left lying: nobody opens a draft again. */
export const discard = (path: string): Effect.Effect<void> =>
  Effect.sync(() => {
    try {
      rmSync(path, { force: true })
    } catch {
      // What failed before it, if anything did, is what must be told.
    }
  })
