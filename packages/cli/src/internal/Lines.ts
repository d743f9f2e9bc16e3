import process from "node:process"
import * as readline from "node:readline"
import * as Effect from "effect/Effect"
import * as Host from "./Host.ts"
import { LongLines } from "./LongLines.ts"
import * as Orphan from "./Orphan.ts"
import { leavePastes, markPastes, Pastes } from "./Pastes.ts"
import { keepShown } from "./Redrawn.ts"
import * as Signals from "./Signals.ts"
import * as Streams from "./Streams.ts"

export interface Lines {
  /** The next line, or undefined at the end of input. */
  readonly next: (prompt: string) => Effect.Effect<string | undefined>
  /** Whether a person is asked, and not a pipe. */
  readonly interactive: boolean
  /** Drops what has been typed and asks again. */
  readonly again: () => void
  readonly close: () => void
  /** The line that `next` gave last without what was pasted into it, for which labels stand. */
  readonly typed: () => string
}

/** Asks what the end of a line may become: `hits` take the place of `on`. Answers once, sooner or later. */
export type Complete = (line: string, done: (hits: ReadonlyArray<string>, on: string) => void) => void

/** So many lines may wait before a pipe is not read any further. */
const enough = 100

const { stderr, stdin } = process
/** Whether a person is there to be asked and to answer: prompts go to standard error. */
export const interactive: boolean = stdin.isTTY && stderr.isTTY

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
  return suspend
}

/** The line editor of a terminal that has one; what is pasted is text and not keys. */
const openEditor = (asking: () => boolean, complete: Complete | undefined) => {
  const pastes = new Pastes()
  /** A terminal that was closed fails to be read, and to be set, which it would report as another failure. */
  let gone = false
  const setRawMode = (on: boolean) => void (gone || stdin.setRawMode(on))
  const input = Object.assign(stdin.pipe(pastes), { setRawMode })
  const completer: readline.AsyncCompleter = (line, done) => {
    // The editor stops to listen until it has its answer. Keys that are pressed meanwhile are typed, and then the answer is
    // to a line that is no more.
    queueMicrotask(() => void (open && reader.resume()))
    complete?.(line, (hits, on) => {
      if (!open) return
      const same = asking() && reader.line.slice(0, reader.cursor) === line
      done(null, same ? [[...hits], on] : [[], ""])
    })
  }
  const options = { input, output: process.stderr, terminal: true }
  const reader = readline.createInterface(complete === undefined ? options : { ...options, completer })
  let open = true
  const release = keepShown(reader, () => open && asking())
  const giveBack = () => {
    if (!open) return
    Streams.prompt(leavePastes)
    setRawMode(false)
  }
  const take = () => {
    if (!open) return
    setRawMode(true)
    Streams.prompt(markPastes)
    if (asking()) reader.prompt(true)
  }
  reader.on("SIGTSTP", suspendable(take, giveBack))
  reader.on("SIGINT", () => Signals.receive("SIGINT"))
  process.on("exit", giveBack)
  stdin.on("error", () => {
    if (gone) return
    gone = true
    reader.close()
  })
  reader.on("close", () => {
    giveBack()
    release()
    open = false
    stdin.unpipe(pastes)
  })
  Streams.prompt(markPastes)
  return { reader, expand: (line: string) => pastes.expand(line) }
}

const openPlain = () => {
  const reader = readline.createInterface({ input: interactive ? stdin : stdin.pipe(new LongLines()), terminal: false })
  stdin.once("error", () => reader.close())
  return { reader, expand: (line: string) => line }
}

/** Lines a person types, or a pipe gives. Lines that arrive early wait their turn. */
export const open = (complete?: Complete): Lines => {
  let take: ((line: string | undefined) => void) | undefined
  const edits = interactive && Host.env["TERM"] !== "dumb"
  const { expand, reader } = edits ? openEditor(() => take !== undefined, complete) : openPlain()
  const waiting: Array<string> = []
  let typed = ""
  let ended = false
  let unwatch = () => {}
  const meant = (line: string) => {
    typed = line
    return expand(line)
  }
  const give = (line: string | undefined) => {
    const resolve = take
    take = undefined
    resolve?.(line === undefined ? undefined : meant(line))
  }
  reader.on("line", (line) => {
    if (take !== undefined) return give(line)
    if (waiting.push(line) >= enough && !interactive) reader.pause()
  })
  reader.on("close", () => {
    ended = true
    unwatch = Orphan.whenOrphaned(() => Signals.receive("SIGHUP"))
    give(undefined)
  })
  const ask = () => {
    if (!interactive) return
    if (edits) reader.prompt()
    else Streams.prompt(reader.getPrompt())
  }
  return {
    interactive,
    next: (prompt) =>
      Effect.callback((resume) => {
        const early = waiting.shift()
        if (waiting.length < enough && !interactive && !ended) reader.resume()
        if (early !== undefined || ended) return resume(Effect.sync(() => (early === undefined ? early : meant(early))))
        const own = (line: string | undefined) => resume(Effect.succeed(line))
        take = own
        reader.setPrompt(prompt)
        ask()
        // Whoever no longer waits must not swallow the next line.
        return Effect.sync(() => {
          if (take !== own) return
          take = undefined
          if (interactive) Streams.prompt("\n")
        })
      }),
    typed: () => typed,
    again: () => {
      // The keys that an editor has for it: to the end of the line, and all before it away.
      if (edits) for (const name of ["e", "u"]) reader.write(null, { ctrl: true, name })
      ask()
    },
    close: () => {
      reader.close()
      unwatch()
    }
  }
}
