import process from "node:process"
import * as Effect from "effect/Effect"
import * as Host from "./Host.ts"

/** Set when the reader of standard output went away; from then on nothing is written there. */
let closed = false
let onClosed: () => void = () => {}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
  if (closed) return
  closed = true
  onClosed()
})
// Without a standard error there is nobody to tell.
process.stderr.on("error", () => {})

export const whenOutputCloses = (f: () => void): void => {
  onClosed = f
}

export const isClosed = (): boolean => closed

export const out = (text: string): void => {
  if (!closed && text !== "") process.stdout.write(text)
}

export const err = (text: string): void => {
  process.stderr.write(text)
}

/** Waits until what was written has left the process. */
export const flushed: Effect.Effect<void> = Effect.callback((resume) => {
  if (closed) resume(Effect.void)
  else process.stdout.write("", () => resume(Effect.void))
})

/** Whether standard error is a terminal that shows styles; see https://no-color.org. */
export const colours: boolean =
  process.stderr.isTTY && (Host.env["NO_COLOR"] ?? "") === "" && Host.env["TERM"] !== "dumb"
