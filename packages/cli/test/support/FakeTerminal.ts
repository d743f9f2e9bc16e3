import { PassThrough, Writable } from "node:stream"
import type { Terminal } from "../../src/terminal/Terminal.ts"
import { eventually } from "./Terminal.ts"
import * as Effect from "effect/Effect"

/** A terminal within the process: what is typed into it, and what it shows. */
export const fakeTerminal = (edits = true) => {
  let shown = ""
  let raw = false
  /** What a terminal that edits lines itself has not handed over yet. */
  let held = ""
  const input = new PassThrough()
  const send = (text: string) => void (text !== "" && input.write(text))
  const setRawMode = (on: boolean) => {
    raw = on
    if (!on) return
    const text = held
    held = ""
    send(text)
  }
  const output = Object.assign(
    new Writable({
      write: (chunk, _encoding, done) => {
        shown += String(chunk)
        done()
      }
    }),
    { columns: 200, isTTY: true }
  )
  const typed = (keys: string) => {
    if (edits || raw) return send(keys)
    held += keys.replace(/\r/g, "\n")
    const end = held.lastIndexOf("\n") + 1
    const whole = held.slice(0, end)
    held = held.slice(end)
    send(whole)
  }
  const terminal: Terminal = { input: Object.assign(input, { setRawMode }), output, edits }
  return {
    terminal,
    type: (keys: string) => Effect.sync(() => typed(keys)),
    screen: () => shown,
    /** Waits until the words have been shown so many times. */
    shows: (words: string, times = 1) =>
      eventually(
        words,
        () => shown.split(words).length > times,
        () => shown.slice(-1500)
      )
  }
}
