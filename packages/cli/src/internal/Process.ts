import process from "node:process"
import * as Effect from "effect/Effect"
import * as Host from "./Host.ts"
import * as Streams from "./Streams.ts"

/** Shows stack traces of internal errors. */
export const debug: boolean = (Host.env["PARLEY_DEBUG"] ?? "") !== ""

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type StopSignal = keyof typeof codes

/**
 * Calls `stop` at the first signal; a second one ends the process at once. Returns a function that tells the exit code of
 * the signal that came, if one did.
 */
export const onStopSignal = (stop: () => void): (() => number | undefined) => {
  let came: StopSignal | undefined
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      if (came !== undefined) process.exit(codes[signal])
      came = signal
      stop()
    })
  return () => (came === undefined ? undefined : codes[came])
}

/** As if Ctrl-C had been pressed: a terminal whose keys are read one by one sends no signal for it. */
export const interruptSelf = (): void => void process.kill(process.pid, "SIGINT")

/** Ends the process when what it wrote has been taken. */
export const leave = (code: number): Effect.Effect<never> =>
  Effect.andThen(
    Streams.flushed,
    Effect.sync(() => process.exit(code))
  )
