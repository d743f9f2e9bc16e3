import process from "node:process"
import * as readline from "node:readline"
import * as Effect from "effect/Effect"
import type { Complete, LineSource, Listener } from "./LineSource.ts"
import { leavePastes, markPastes, Pastes } from "./Pastes.ts"
import { keepShown } from "./Redrawn.ts"
import { polled } from "./Polled.ts"
import * as Signals from "./Signals.ts"
import type { Terminal } from "./Terminal.ts"

/** Gives the terminal back while the process is stopped, as its shell expects, and takes it again when it goes on. */
const suspendable = (take: () => void, giveBack: () => void) => {
  const suspend = () => {
    giveBack()
    process.removeListener("SIGTSTP", suspend)
    process.kill(process.pid, "SIGTSTP")
    // Runs when the process goes on, or soon, where nobody could wake it and the system does not let it stop.
    // @effect-diagnostics-next-line globalTimers:off -- a signal's listener, outside of any Effect
    setTimeout(() => {
      process.on("SIGTSTP", suspend)
      take()
    }, 20)
  }
  process.on("SIGTSTP", suspend)
  // After a stop without notice; whoever had the terminal meanwhile may have left it in another mode.
  process.on("SIGCONT", take)
  const forget = () => {
    process.removeListener("SIGTSTP", suspend)
    process.removeListener("SIGCONT", take)
  }
  return { suspend, forget }
}

/** The line editor of a terminal that has one; what is pasted is text and not keys. */
export const open = (terminal: Terminal, complete: Complete | undefined, listener: Listener): LineSource => {
  const pastes = new Pastes()
  let open = true
  /** A terminal that was closed fails to be read, and to be set, which it would report as another failure. */
  let gone = false
  const setRawMode = (on: boolean) => void (gone || terminal.input.setRawMode(on))
  const write = (text: string) => void terminal.output.write(text)
  const input = Object.assign(terminal.input.pipe(pastes), { setRawMode })
  const completer: readline.AsyncCompleter = (line, done) => {
    // The editor stops to listen until it has its answer. Keys that are pressed meanwhile are typed, and then the answer is
    // to a line that is no more.
    queueMicrotask(() => void (open && reader.resume()))
    if (listener.asking()) return done(null, [[], ""])
    complete?.(line, (hits, on) => {
      if (!open) return
      const same = listener.prompting() && reader.line.slice(0, reader.cursor) === line
      done(null, same ? [[...hits], on] : [[], ""])
    })
  }
  const options = { input, output: terminal.output, terminal: true }
  const reader = readline.createInterface(complete === undefined ? options : { ...options, completer })
  const release = keepShown(reader, () => open && listener.prompting())
  const giveBack = () => {
    if (!open) return
    write(leavePastes)
    setRawMode(false)
  }
  const take = () => {
    if (!open) return
    setRawMode(true)
    write(markPastes)
    if (listener.prompting()) reader.prompt(true)
  }
  const { forget, suspend } = suspendable(take, giveBack)
  const failed = () => {
    if (gone) return
    gone = true
    reader.close()
  }
  reader.on("SIGTSTP", suspend)
  reader.on("SIGINT", () => Signals.receive("SIGINT"))
  reader.on("history", (lines) => void (listener.asking() && lines.shift()))
  reader.on("line", listener.line)
  process.on("exit", giveBack)
  terminal.input.on("error", failed)
  reader.on("close", () => {
    giveBack()
    release()
    forget()
    open = false
    process.removeListener("exit", giveBack)
    terminal.input.unpipe(pastes)
    pastes.destroy()
    listener.closed()
  })
  write(markPastes)
  /** Sets the line aside without redrawing it: what stands on the screen is not the editor's any more. */
  const set = (line: string) => void Object.assign(reader, { line, cursor: line.length, prevRows: 0 })
  return {
    expand: (line) => pastes.expand(line),
    prompt: (words) => {
      reader.setPrompt(words)
      reader.prompt(true)
    },
    look: polled,
    takeDraft: Effect.sync(() => {
      const draft = reader.line
      if (draft !== "") write("\n")
      set("")
      return draft
    }),
    putDraft: set,
    unfinished: () => reader.line !== "" || pastes.open,
    lastInput: () => pastes.lastInput,
    pause: () => void reader.pause(),
    resume: () => void (open && reader.resume()),
    close: () => reader.close()
  }
}
