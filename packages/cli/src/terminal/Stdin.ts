import { isUtf8 } from "node:buffer"
import { fstatSync, readFileSync } from "node:fs"
import process from "node:process"
import * as Effect from "effect/Effect"

/** Whether standard input is a terminal, so that its lines were presumably typed. */
export const isTerminal = (): boolean => process.stdin.isTTY

export const limitBytes = 10_000_000

export type Piped =
  | { readonly _tag: "None" }
  /** `exact` if the input was valid UTF-8; otherwise invalid bytes are replaced by U+FFFD. */
  | { readonly _tag: "Text"; readonly text: string; readonly exact: boolean }
  /** The input contains NUL bytes. */
  | { readonly _tag: "Binary" }
  | { readonly _tag: "TooLarge" }
  /** The other end sent nothing within the given time and did not end. */
  | { readonly _tag: "Silent" }
  /** A file of which this many bytes were already read, for example by the loop or script whose input it is. */
  | { readonly _tag: "Begun"; readonly bytes: number }

const decode = (bytes: Buffer): Piped =>
  bytes.includes(0) ? { _tag: "Binary" } : { _tag: "Text", text: bytes.toString("utf8"), exact: isUtf8(bytes) }

/** The bytes of a file that others have already read; 0 if nothing is left of it. Known only on Linux and only for files. */
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
 * Reads standard input to its end. With `patience`, reading is optional: a pipe that sends nothing for that many
 * milliseconds is given up, as an editor or a cron job may hold it open without end, and a file that another program has
 * begun to read is left to that program.
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
