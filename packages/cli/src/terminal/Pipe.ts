import process from "node:process"
import * as readline from "node:readline"
import * as Effect from "effect/Effect"
import type { LineSource, Listener } from "./LineSource.ts"
import { polled } from "./Polled.ts"
import { LongLines } from "./LongLines.ts"

/** Opens a source of lines from a pipe or a file. No prompt is shown, and there is no person to ask. */
export const open = (listener: Listener): LineSource => {
  const { stdin } = process
  const reader = readline.createInterface({ input: stdin.pipe(new LongLines()), terminal: false })
  stdin.once("error", () => reader.close())
  reader.on("line", listener.line)
  reader.on("close", listener.closed)
  return {
    expand: (line) => line,
    prompt: () => {},
    look: polled,
    takeDraft: Effect.succeed(""),
    putDraft: () => {},
    unfinished: () => false,
    lastInput: () => -Infinity,
    pause: () => void reader.pause(),
    resume: () => void reader.resume(),
    close: () => reader.close()
  }
}
