import * as fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"

/** Maximum bytes read of a log. Parley's logs grow to a megabyte; a larger file was not written by Parley. */
const most = 4 * 1024 * 1024

const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise(run)

/** The bytes of a file from an offset on; empty if the file does not exist. */
const from = (path: string, start: number) =>
  Effect.acquireUseRelease(
    attempt(() => fs.open(path, "r")),
    (handle) =>
      Effect.gen(function* () {
        const { size } = yield* attempt(() => handle.stat())
        // A file that is now shorter than the offset is a new file of the same name.
        const begin = size < start ? 0 : start
        const bytes = Buffer.alloc(Math.min(most, size - begin))
        const { bytesRead } = yield* attempt(() => handle.read(bytes, 0, bytes.length, begin))
        return { bytes: bytes.subarray(0, bytesRead), end: begin + bytesRead }
      }),
    (handle) => Effect.ignore(attempt(() => handle.close()))
  ).pipe(Effect.orElseSucceed(() => ({ bytes: Buffer.alloc(0), end: 0 })))

export const fileIn = (directory: string, name: string): string => join(directory, `${name}.log`)

/** The last `lines` lines of a log and its rotated file, and the offset at which to continue. */
export const last = Effect.fnUntraced(function* (path: string, lines: number) {
  const older = yield* from(`${path}.1`, 0)
  const { bytes, end } = yield* from(path, 0)
  const all = `${older.bytes.toString()}${bytes.toString()}`.split("\n").filter((line) => line !== "")
  return { lines: all.slice(-lines), end }
})

/** The whole lines that were written after the offset `end`, and the new offset. */
export const since = Effect.fnUntraced(function* (path: string, end: number) {
  const next = yield* from(path, end)
  // Counted in bytes, because the last character may be only partly written, and would then be decoded wrongly.
  const whole = next.bytes.lastIndexOf(0x0a) + 1
  return { text: next.bytes.toString("utf8", 0, whole), end: next.end - (next.bytes.length - whole) }
})
