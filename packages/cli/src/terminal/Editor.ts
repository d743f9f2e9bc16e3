import process from "node:process"
import * as readline from "node:readline"
import * as Effect from "effect/Effect"
import type { Complete, LineSource, Listener } from "./LineSource.ts"
import { leavePastes, markPastes, Pastes } from "./Pastes.ts"
import { polled } from "./Polled.ts"
import * as Signals from "./Signals.ts"
import type { Terminal } from "./Terminal.ts"
import * as Streams from "./Streams.ts"

/** Milliseconds without other output after which a prompt is shown again. */
const pause = 50

/**
 * Keeps a prompt readable while other parts write output: the output goes below the prompt, and then the prompt is shown
 * again below the output, with the typed text. Returns a function that ends this.
 */
const keepShown = (reader: readline.Interface, shown: () => boolean): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let atStart = true
  const show = () => {
    timer = undefined
    if (!shown()) return
    // The editor first moves up as many rows as its prompt occupied; these line feeds provide the rows.
    Streams.prompt((atStart ? "" : "\n") + "\n".repeat(reader.getCursorPos().rows))
    reader.prompt(true)
  }
  const forget = Streams.whenWriting((text) => {
    if (!shown()) return
    if (timer === undefined) Streams.prompt("\n")
    clearTimeout(timer)
    atStart = text.endsWith("\n")
    // @effect-diagnostics-next-line globalTimers:off -- the line editor, outside of any Effect
    timer = setTimeout(show, pause)
  })
  return () => {
    clearTimeout(timer)
    forget()
  }
}

/** Restores the terminal while the process is stopped (Ctrl-Z), as the shell expects, and takes it again on continuation. */
const suspendable = (take: () => void, giveBack: () => void) => {
  let stopping = false
  // Also after SIGSTOP, which cannot be caught: another process may have left the terminal in another mode.
  const continued = () => {
    if (stopping) process.on("SIGTSTP", suspend)
    stopping = false
    take()
  }
  const suspend = () => {
    if (stopping) return
    stopping = true
    giveBack()
    process.removeListener("SIGTSTP", suspend)
    process.kill(process.pid, "SIGTSTP")
    // The system does not stop an orphaned process group, and then sends no SIGCONT. The timer's turn of the event loop
    // is left to end first, because a SIGCONT that did arrive is read later in that turn.
    // @effect-diagnostics-next-line globalTimers:off -- a signal listener, outside of any Effect
    setTimeout(() => void setImmediate(() => void (stopping && continued())), 20)
  }
  process.on("SIGTSTP", suspend)
  process.on("SIGCONT", continued)
  const forget = () => {
    process.removeListener("SIGTSTP", suspend)
    process.removeListener("SIGCONT", continued)
  }
  return { suspend, forget }
}

/** Opens the line editor of a terminal. Pasted text is inserted and never interpreted as keys. */
export const open = (terminal: Terminal, complete: Complete | undefined, listener: Listener): LineSource => {
  const pastes = new Pastes()
  let open = true
  /** Set when the terminal has failed. Changing the mode of a closed terminal would raise a second error. */
  let gone = false
  const setRawMode = (on: boolean) => void (gone || terminal.input.setRawMode(on))
  const write = (text: string) => void terminal.output.write(text)
  const input = Object.assign(terminal.input.pipe(pastes), { setRawMode })
  const completer: readline.AsyncCompleter = (line, done) => {
    // readline pauses input until it has the completions. It is resumed here, so that keys pressed meanwhile are accepted;
    // the completions are then ignored if the line has changed.
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
  /** Sets the edited line without redrawing it, because the screen no longer shows what the editor drew. */
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
