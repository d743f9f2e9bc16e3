import process from "node:process"
import * as Effect from "effect/Effect"
import * as Host from "./Host.ts"

/** Why nothing is written to standard output any more: its reader went away, or it takes nothing. */
let closed: "unread" | "broken" | undefined
let onClosed: () => void = () => {}

/** A pipe without a reader; a terminal that was closed. Neither is worth a word. */
const unread = new Set(["EPIPE", "EIO", "ECONNRESET"])

// Without a standard error there is nobody to tell.
process.stderr.on("error", () => {})

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (closed !== undefined) return
  closed = unread.has(error.code ?? "") ? "unread" : "broken"
  if (closed === "broken")
    err(`parley: standard output takes nothing more (${error.code ?? error.message}); what was stored is kept\n`)
  onClosed()
})

export const whenOutputCloses = (f: () => void): void => {
  onClosed = f
}

export const isClosed = (): boolean => closed !== undefined
export const isBroken = (): boolean => closed === "broken"

let beforeWrite: (text: string) => void = () => {}

/** Tells a prompt of what is about to be written below it. */
export const whenWriting = (f: (text: string) => void): (() => void) => {
  beforeWrite = f
  return () => {
    if (beforeWrite === f) beforeWrite = () => {}
  }
}

/** What waits for a question to be answered, so that nothing stands between a question and its subject. */
let held: Array<() => void> | undefined

/** Keeps what is written to the terminal until the returned function is called, or the process ends. Pipes get it at once. */
export const hold = (): (() => void) => {
  held ??= []
  return release
}

const release = (): void => {
  const all = held ?? []
  held = undefined
  for (const write of all) write()
}
process.on("exit", release)

export const out = (text: string): void => {
  if (closed !== undefined || text === "") return
  if (held !== undefined && process.stdout.isTTY) return void held.push(() => out(text))
  beforeWrite(text)
  process.stdout.write(text)
}

export const err = (text: string): void => {
  if (held !== undefined && process.stderr.isTTY) return void held.push(() => err(text))
  beforeWrite(text)
  process.stderr.write(text)
}

/** What a prompt or a question itself writes. */
export const prompt = (text: string): void => {
  process.stderr.write(text)
}

/** Waits until what was written has left the process, or has failed to: a file's failure is told of a little later. */
export const flushed: Effect.Effect<void> = Effect.callback((resume) => {
  if (closed !== undefined) resume(Effect.void)
  else process.stdout.write("", () => setImmediate(() => resume(Effect.void)))
})

/** Whether standard error is a terminal that shows styles; see https://no-color.org. */
export const colours: boolean =
  process.stderr.isTTY && (Host.env["NO_COLOR"] ?? "") === "" && Host.env["TERM"] !== "dumb"

/** How wide the terminal is that people read on; 80 where there is none. It may become another width at any time. */
export const columns = (): number => process.stderr.columns || 80
