import process from "node:process"
import * as Effect from "effect/Effect"
import * as Streams from "./Streams.ts"

/** The longest line that is kept, in characters. Keys are much shorter. */
const most = 10_000

/** Removes the marks with which a terminal surrounds what is pasted. */
const withoutMarks = (text: string): string => text.replaceAll("\u001b[200~", "").replaceAll("\u001b[201~", "")

/** What a line is after more input: `undefined` in `ended` while it is open, and whether it was given up. */
interface Typed {
  readonly line: string
  readonly ended: "entered" | "cancelled" | undefined
}

/** Adds input to a hidden line: Enter ends it, Backspace removes a character, Ctrl-C and Ctrl-D give it up. */
export const type = (line: string, input: string): Typed => {
  let typed = line
  for (const character of withoutMarks(input)) {
    if (character === "\r" || character === "\n") return { line: typed, ended: "entered" }
    if (character === "\u0003" || character === "\u0004") return { line: "", ended: "cancelled" }
    if (character === "\u007f" || character === "\b") typed = typed.slice(0, -1)
    else if (character >= " " && typed.length < most) typed += character
  }
  return { line: typed, ended: undefined }
}

/**
 * Reads a line from the terminal without showing it. Undefined if the person gives it up. The prompt goes to standard error;
 * `Prompt.Hidden` of effect/cli writes it to standard output, which is for results.
 */
export const read = (prompt: string): Effect.Effect<string | undefined> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      Streams.prompt(prompt)
      process.stdin.setRawMode(true)
      process.stdin.setEncoding("utf8")
      process.stdin.resume()
    }),
    () =>
      Effect.callback<string | undefined>((resume) => {
        let line = ""
        const remove = () => void process.stdin.off("end", giveUp).off("data", received)
        const finish = (entered: string | undefined) => {
          remove()
          resume(Effect.succeed(entered))
        }
        const giveUp = () => finish(undefined)
        const received = (input: string) => {
          const typed = type(line, input)
          line = typed.line
          if (typed.ended !== undefined) finish(typed.ended === "entered" ? line : undefined)
        }
        process.stdin.on("end", giveUp).on("data", received)
        return Effect.sync(remove)
      }),
    () =>
      Effect.sync(() => {
        process.stdin.setRawMode(false)
        process.stdin.pause()
        Streams.prompt("\n")
      })
  )
