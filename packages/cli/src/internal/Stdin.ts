import { isUtf8 } from "node:buffer"
import { fstatSync, readFileSync } from "node:fs"
import process from "node:process"
import * as Effect from "effect/Effect"

/** Whether what is read was typed, as far as anyone can tell. */
export const isTerminal = (): boolean => process.stdin.isTTY

export const limitBytes = 10_000_000

export type Piped =
  | { readonly _tag: "None" }
  /** `exact` when it was UTF-8; else what was not is replaced by U+FFFD. */
  | { readonly _tag: "Text"; readonly text: string; readonly exact: boolean }
  /** It holds NUL bytes. */
  | { readonly _tag: "Binary" }
  | { readonly _tag: "TooLarge" }
  /** Something is connected that neither says anything nor ends. */
  | { readonly _tag: "Silent" }
  /** A file of which this many bytes had been read before, by the loop or the script, say, whose input it is. */
  | { readonly _tag: "Begun"; readonly bytes: number }

const decode = (bytes: Buffer): Piped =>
  bytes.includes(0) ? { _tag: "Binary" } : { _tag: "Text", text: bytes.toString("utf8"), exact: isUtf8(bytes) }

/** How much of a file others have read before us, if there is more of it. Only Linux tells, and only of files. */
const begun = (): number => {
  try {
    const { size } = fstatSync(0)
    const position = Number(/^pos:\s*(\d+)$/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8"))?.[1] ?? 0)
    return position < size ? position : 0
  } catch {
    return 0
  }
}

/**
 * What is piped into the process: all of it, or with `patience` what is meant for it. A pipe that says nothing for that many
 * milliseconds is then given up, as an editor or a cron job may hold it open for ever, and the rest of a file that something
 * else is reading is left to that.
 */
export const read = (patience: number | undefined): Effect.Effect<Piped> =>
  Effect.suspend(() => {
    const { stdin } = process
    if (stdin.isTTY) return Effect.succeed<Piped>({ _tag: "None" })
    const bytes = patience === undefined ? 0 : begun()
    if (bytes > 0) return Effect.succeed<Piped>({ _tag: "Begun", bytes })
    const pieces: Array<Buffer> = []
    let size = 0
    const all = Effect.callback<Piped>((resume) => {
      const end = () => resume(Effect.succeed(size === 0 ? { _tag: "None" } : decode(Buffer.concat(pieces))))
      stdin.on("end", end)
      stdin.on("error", end)
      stdin.on("data", (data: Buffer) => {
        size += data.length
        if (size > limitBytes) resume(Effect.succeed({ _tag: "TooLarge" }))
        else pieces.push(data)
      })
    })
    const silence =
      patience === undefined
        ? Effect.never
        : Effect.andThen(
            Effect.sleep(patience),
            Effect.suspend(() => (size === 0 ? Effect.succeed<Piped>({ _tag: "Silent" }) : Effect.never))
          )
    const leave = Effect.sync(() => {
      stdin.removeAllListeners()
      stdin.on("error", () => {})
      stdin.destroy()
    })
    return Effect.ensuring(Effect.raceFirst(all, silence), leave)
  })
