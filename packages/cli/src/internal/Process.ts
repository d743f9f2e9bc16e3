import process from "node:process"
import * as Effect from "effect/Effect"
import * as Host from "./Host.ts"
import * as Streams from "./Streams.ts"

/** Shows stack traces of internal errors. */
export const debug: boolean = (Host.env["PARLEY_DEBUG"] ?? "") !== ""

/** Ends the process when what it wrote has been taken, or is known not to be. */
export const leave = (code: () => number): Effect.Effect<never> =>
  Effect.andThen(
    Streams.flushed,
    Effect.sync(() => process.exit(code()))
  )
