import process from "node:process"
import * as Effect from "effect/Effect"
import * as ProcessInfo from "../process/ProcessInfo.ts"

/** Why standard output can no longer be written: its reader has gone, or writing failed for another reason. */
let closed: "unread" | "broken" | undefined
let onClosed: () => void = () => {}

/** Errors of a pipe without a reader and of a closed terminal. These are normal and are not reported. */
const unread = new Set(["EPIPE", "EIO", "ECONNRESET"])

// If standard error fails, there is no other place to report that.
process.stderr.on("error", () => {})

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (closed !== undefined) return
  closed = unread.has(error.code ?? "") ? "unread" : "broken"
  if (closed === "broken")
    err(`parley: cannot write to standard output (${error.code ?? error.message}); everything stored so far is kept\n`)
  onClosed()
})

export const whenOutputCloses = (f: () => void): void => {
  onClosed = f
}

export const isClosed = (): boolean => closed !== undefined
export const isBroken = (): boolean => closed === "broken"

let beforeWrite: (text: string) => void = () => {}

/** Calls `f` before each write, so that a prompt can make room below it. Returns a function that ends this. */
export const whenWriting = (f: (text: string) => void): (() => void) => {
  beforeWrite = f
  return () => {
    if (beforeWrite === f) beforeWrite = () => {}
  }
}

/** Writes that wait until a question is answered, so that nothing separates a question from its subject. */
let delayed: Array<() => void> | undefined

/** Delays writes to the terminal until the returned function is called or the process ends. Pipes are written at once. */
export const delayOutput = (): (() => void) => {
  delayed ??= []
  return release
}

const release = (): void => {
  const all = delayed ?? []
  delayed = undefined
  for (const write of all) write()
}
process.on("exit", release)

export const out = (text: string): void => {
  if (closed !== undefined || text === "") return
  if (delayed !== undefined && process.stdout.isTTY) return void delayed.push(() => out(text))
  beforeWrite(text)
  process.stdout.write(text)
}

export const err = (text: string): void => {
  if (delayed !== undefined && process.stderr.isTTY) return void delayed.push(() => err(text))
  beforeWrite(text)
  process.stderr.write(text)
}

/** Writes a prompt or a part of a question, which `delayOutput` does not delay. */
export const prompt = (text: string): void => {
  process.stderr.write(text)
}

/** Waits until output has left the process or has failed. A failed write to a file is reported in the next phase. */
export const flushed: Effect.Effect<void> = Effect.callback((resume) => {
  if (closed !== undefined) resume(Effect.void)
  else process.stdout.write("", () => setImmediate(() => resume(Effect.void)))
})

/** Ends the process once its output has been written or has failed. `code` is called after that. */
export const exitAfterFlush = (code: () => number): Effect.Effect<never> =>
  Effect.andThen(
    flushed,
    Effect.sync(() => process.exit(code()))
  )

/** Whether standard error is a terminal that shows styles; see https://no-color.org. */
export const colours: boolean =
  process.stderr.isTTY && (ProcessInfo.env["NO_COLOR"] ?? "") === "" && ProcessInfo.env["TERM"] !== "dumb"

/** The width of the terminal in columns; 80 without a terminal. It may change at any time. */
export const columns = (): number => process.stderr.columns || 80
