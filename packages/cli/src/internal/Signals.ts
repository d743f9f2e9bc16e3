import process from "node:process"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Hangup from "./Hangup.ts"
import * as Streams from "./Streams.ts"

const codes = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const
export type StopSignal = keyof typeof codes

/** One key press may arrive twice: from the terminal, and from a wrapper such as npx that passes its own on. */
const echoMillis = 50
/** Two presses of Ctrl-C within this time mean: now, whatever is lost by it. */
const insistMillis = 2000
/** How long an orderly end may take. Then the process leaves as it is: what is open is recovered, servers are killed. */
const orderlyMillis = 1500
/** When it takes so long, the one who pressed the key is told how to have it shorter. */
const tellAfterMillis = 300

let stop = (): void => {}
let came: StopSignal | undefined
let last: { readonly signal: StopSignal; readonly at: number } | undefined
let divert = (): boolean => false

const begun = Deferred.makeUnsafe<void>()
/** Completes when a signal has come that the process ends by. */
export const ending: Effect.Effect<void> = Deferred.await(begun)

const begin = (signal: StopSignal): void => {
  came = signal
  Deferred.doneUnsafe(begun, Effect.void)
  stop()
  const tell = () => {
    if (signal === "SIGINT") Streams.err("parley: ending what still runs; Ctrl-C again ends it at once\n")
  }
  // @effect-diagnostics globalTimers:off -- these fire also when no fiber gets anywhere
  setTimeout(tell, tellAfterMillis)
  setTimeout(() => process.exit(codes[signal]), orderlyMillis)
}

/** Takes a signal, or a key that stands for one. `process.exit` restores the terminal and kills the servers' groups. */
export const receive = (signal: StopSignal): void => {
  const at = performance.now()
  const before = last?.signal === signal ? at - last.at : Infinity
  if (before < echoMillis) return
  last = { signal, at }
  if (signal === "SIGQUIT") return process.exit(codes[signal])
  if (signal === "SIGINT") {
    if (came !== undefined || before < insistMillis) return process.exit(codes[signal])
    if (divert()) return
  }
  if (came === undefined) begin(signal)
}

/**
 * Calls `f` at the first signal that asks the process to stop, and sees to it that it does. Returns what tells the exit
 * code of the signal that came, if one did.
 */
export const onStop = (f: () => void): (() => number | undefined) => {
  stop = f
  const outlived = Hangup.isOutlived()
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)
    process.on(signal, signal === "SIGHUP" && outlived ? () => {} : () => receive(signal))
  // Without a listener Node would open a debugger for anybody on the machine.
  process.on("SIGUSR1", () => {})
  return () => (came === undefined ? undefined : codes[came])
}

/** From now on a first Ctrl-C calls `f`, and stops the process only when that returns false. */
export const divertInterrupt = (f: () => boolean): void => {
  divert = f
}

/** What was pressed before has been seen to; the next Ctrl-C is a first one. */
export const forget = (): void => {
  last = undefined
}
