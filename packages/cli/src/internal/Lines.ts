import process from "node:process"
import * as readline from "node:readline"
import * as Effect from "effect/Effect"

export interface Lines {
  /** The next line, or undefined at the end of input. */
  readonly next: (prompt: string) => Effect.Effect<string | undefined>
  readonly close: () => void
}

/** Lines a person types, or a pipe gives. Lines that arrive early wait their turn. */
/** Whether a person is there to answer. */
export const isTerminal = (): boolean => process.stdin.isTTY && process.stderr.isTTY

export const open = (onInterrupt: () => void): Lines => {
  const terminal = process.stdin.isTTY && process.stdout.isTTY
  const reader = readline.createInterface({ input: process.stdin, output: process.stderr, terminal })
  const waiting: Array<string> = []
  let ended = false
  let take: ((line: string | undefined) => void) | undefined
  const give = (line: string | undefined) => {
    const resolve = take
    take = undefined
    resolve?.(line)
  }
  reader.on("line", (line) => (take === undefined ? void waiting.push(line) : give(line)))
  reader.on("SIGINT", onInterrupt)
  reader.on("close", () => {
    ended = true
    give(undefined)
  })
  return {
    next: (prompt) =>
      Effect.callback((resume) => {
        const early = waiting.shift()
        if (early !== undefined || ended) return resume(Effect.succeed(early))
        const own = (line: string | undefined) => resume(Effect.succeed(line))
        take = own
        if (terminal) {
          reader.setPrompt(prompt)
          reader.prompt()
        }
        // Whoever no longer waits must not swallow the next line.
        return Effect.sync(() => {
          if (take !== own) return
          take = undefined
          if (terminal) process.stderr.write("\n")
        })
      }),
    close: () => reader.close()
  }
}
