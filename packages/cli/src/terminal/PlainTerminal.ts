import { StringDecoder } from "node:string_decoder"
import * as Effect from "effect/Effect"
import type { LineSource, Listener } from "./LineSource.ts"
import type { Terminal } from "./Terminal.ts"
import { polled } from "./Polled.ts"

/** Opens a terminal that cannot move its cursor. The operating system edits its lines and delivers complete ones. */
export const open = (terminal: Terminal, listener: Listener): LineSource => {
  const { input, output } = terminal
  const decoder = new StringDecoder("utf8")
  let partialLine = ""
  let lastInput = -Infinity
  let open = true
  const take = (data: Buffer | string) => {
    lastInput = performance.now()
    const lines = (partialLine + (typeof data === "string" ? data : decoder.write(data))).split(/\r\n|\n|\r/)
    partialLine = lines.pop() ?? ""
    for (const line of lines) listener.line(line)
  }
  const close = () => {
    if (!open) return
    open = false
    input.removeListener("data", take)
    input.pause()
    listener.closed()
  }
  input.on("data", take)
  input.once("end", close)
  input.once("error", close)
  input.resume()
  const setRawMode = (on: boolean) => Effect.sync(() => void (open && input.setRawMode(on)))
  // The system holds an unfinished line back until raw mode makes it deliver the characters typed so far.
  const look = Effect.acquireUseRelease(
    setRawMode(true),
    () => polled,
    () => setRawMode(false)
  )
  const unfinished = Effect.sync(() => {
    const draft = partialLine
    partialLine = ""
    return draft
  })
  return {
    expand: (line) => line,
    prompt: (words) => void output.write(words),
    look,
    takeDraft: Effect.andThen(look, unfinished),
    putDraft: (text) => void (partialLine = text + partialLine),
    unfinished: () => partialLine !== "",
    lastInput: () => lastInput,
    pause: () => void input.pause(),
    resume: () => void (open && input.resume()),
    close
  }
}
