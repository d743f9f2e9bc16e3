import process from "node:process"
import { fstatSync, readFileSync, statSync } from "node:fs"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Streams from "./Streams.ts"
import * as ProcessInfo from "../process/ProcessInfo.ts"

const codes = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const
type StopSignal = keyof typeof codes

/** Signals within this time count as one: a key press may arrive from the terminal and again from a wrapper such as npx. */
const echoMillis = 50
/** A second Ctrl-C within this time ends the process at once, without an orderly end. */
const insistMillis = 2000
/**
 * Maximum time for an orderly end. After it the process exits at once: servers are killed, and the next process recovers
 * open rounds.
 */
const orderlyMillis = 1500
/** If an orderly end takes longer than this, the user is told how to end at once. */
const tellAfterMillis = 300

let stop = (): void => {}
let came: StopSignal | undefined
let last: { readonly signal: StopSignal; readonly at: number } | undefined
let divert = (): boolean => false

const begun = Deferred.makeUnsafe<void>()
/** Completes when a signal has arrived that ends the process. */
export const ending: Effect.Effect<void> = Deferred.await(begun)

const begin = (signal: StopSignal): void => {
  came = signal
  Deferred.doneUnsafe(begun, Effect.void)
  stop()
  const tell = () => {
    if (signal === "SIGINT") Streams.err("parley: stopping what is still running; another Ctrl-C ends at once\n")
  }
  // @effect-diagnostics globalTimers:off -- these must fire even if all fibers are blocked
  setTimeout(tell, tellAfterMillis)
  setTimeout(() => process.exit(codes[signal]), orderlyMillis)
}

/** Handles a signal, or the key for it. The exit listeners restore the terminal and kill the servers' process groups. */
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

const isNull = (): boolean => {
  try {
    return fstatSync(0).rdev === statSync("/dev/null").rdev
  } catch {
    // Standard input is closed, which counts the same: nothing can be read from it.
    return true
  }
}

/** Whether the parent process ignores SIGHUP, as a shell under `nohup` does. Known only on Linux. */
const parentIgnores = (): boolean => {
  try {
    const [, ignored] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, "utf8")) ?? []
    return ignored !== undefined && (BigInt(`0x${ignored}`) & 1n) === 1n
  } catch {
    return false
  }
}

/**
 * Whether this process should outlive the terminal it was started from. Node resets ignored signals to their default before
 * any of our code runs, so `nohup` must be recognized by its other traces: neither standard output nor standard error is a
 * terminal, and either standard input is the null device, or the shell's `$_` names `nohup`, or the parent process ignores
 * SIGHUP.
 */
const isOutlived = (): boolean =>
  process.platform !== "win32" &&
  !process.stdout.isTTY &&
  !process.stderr.isTTY &&
  (isNull() || /(?:^|\/)nohup$/.test(ProcessInfo.env["_"] ?? "") || parentIgnores())

/**
 * Calls `f` at the first signal that asks the process to stop, and ensures that the process ends in time. Returns a function
 * that returns the exit code for the signal that arrived, if any.
 */
export const onStop = (f: () => void): (() => number | undefined) => {
  stop = f
  const outlived = isOutlived()
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)
    process.on(signal, signal === "SIGHUP" && outlived ? () => {} : () => receive(signal))
  // Without a listener, Node would open a debugger port that every user of the machine can reach.
  process.on("SIGUSR1", () => {})
  return () => (came === undefined ? undefined : codes[came])
}

/** Makes a first Ctrl-C call `f`; it stops the process only if `f` returns false. */
export const divertInterrupt = (f: () => boolean): void => {
  divert = f
}

/** Forgets earlier signals, so that the next Ctrl-C counts as a first one. */
export const forget = (): void => {
  last = undefined
}
