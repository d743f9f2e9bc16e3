import type * as readline from "node:readline"
import * as Streams from "./Streams.ts"

/** Milliseconds of silence after which a prompt is shown again. */
const pause = 50

/**
 * Keeps a prompt readable while others write: what they write goes below it, and then it stands below that, with what has been
 * typed. Ends when told to.
 */
export const keepShown = (reader: readline.Interface, shown: () => boolean): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let atStart = true
  const show = () => {
    timer = undefined
    if (!shown()) return
    // The editor begins by going up as many rows as its prompt had: these are there for that.
    Streams.prompt((atStart ? "" : "\n") + "\n".repeat(reader.getCursorPos().rows))
    reader.prompt(true)
  }
  const forget = Streams.whenWriting((text) => {
    if (!shown()) return
    if (timer === undefined) Streams.prompt("\n")
    clearTimeout(timer)
    atStart = text.endsWith("\n")
    // @effect-diagnostics-next-line globalTimers:off -- a terminal's editor, outside of any Effect
    timer = setTimeout(show, pause)
  })
  return () => {
    clearTimeout(timer)
    forget()
  }
}
