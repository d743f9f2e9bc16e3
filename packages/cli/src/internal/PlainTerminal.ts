import { StringDecoder } from "node:string_decoder"
import * as Effect from "effect/Effect"
import type { LineSource, Listener } from "./LineSource.ts"
import type { Terminal } from "./Terminal.ts"
import { polled } from "./Polled.ts"

/** A terminal that cannot move its cursor: the system edits its lines and hands over whole ones. */
export const open = (terminal: Terminal, listener: Listener): LineSource => {
  const { input, output } = terminal
  const decoder = new StringDecoder("utf8")
  let held = ""
  let lastInput = -Infinity
  let open = true
  const take = (data: Buffer | string) => {
    lastInput = performance.now()
    const lines = (held + (typeof data === "string" ? data : decoder.write(data))).split(/\r\n|\n|\r/)
    held = lines.pop() ?? ""
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
  // The system keeps a line until it ends, and hands over what there is of it when it no longer edits lines.
  const look = Effect.acquireUseRelease(
    setRawMode(true),
    () => polled,
    () => setRawMode(false)
  )
  const unfinished = Effect.sync(() => {
    const draft = held
    held = ""
    return draft
  })
  return {
    expand: (line) => line,
    prompt: (words) => void output.write(words),
    look,
    takeDraft: Effect.andThen(look, unfinished),
    putDraft: (text) => void (held = text + held),
    unfinished: () => held !== "",
    lastInput: () => lastInput,
    pause: () => void input.pause(),
    resume: () => void (open && input.resume()),
    close
  }
}
