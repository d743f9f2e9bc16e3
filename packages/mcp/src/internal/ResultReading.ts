import * as Effect from "effect/Effect"
import { cut, plainLine } from "../PlainText.ts"
import type { ReadResult } from "../ResultTool.ts"
import { openConfined, type OpenFile, PathRefused } from "./Confinement.ts"
import { looksBinary, readChunk } from "./FileText.ts"
import { checkDirectory, isOurs } from "./OwnDirectory.ts"
import { isOwnName } from "./ResultFiles.ts"
import { type FileAnswer, linesOf, workspaceLimits } from "./WorkspaceFiles.ts"

const continues = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Text from a byte on, which may be within a line of any length. A character that begins before it is left out. */
const textFrom = Effect.fnUntraced(function* (name: string, { handle, size }: OpenFile, position: number) {
  if (looksBinary(yield* readChunk(handle, 0))) return { text: "", note: `${name} is a binary file of ${size} bytes.` }
  const bytes = yield* readChunk(handle, position, workspaceLimits.readBytes)
  const start =
    position === 0
      ? 0
      : Math.max(
          0,
          bytes.subarray(0, 3).findIndex((byte) => !continues(byte))
        )
  // What the last bytes begin and do not end belongs to the next piece.
  let end = bytes.length
  while (position + end < size && end > bytes.length - 3 && continues(bytes[end - 1])) end -= 1
  if (position + end < size && (bytes[end - 1] ?? 0) >= 0xc0) end -= 1
  const text = cut(new TextDecoder().decode(bytes.subarray(start, end)), workspaceLimits.readBytes).text
  return {
    text,
    note:
      position + end < size
        ? `These are bytes ${position + start} to ${position + end - 1}; the file (${size} bytes) goes on at position ${position + end}.`
        : ""
  } satisfies FileAnswer
})

/**
 * Some lines of a kept result, or what follows a byte of it. Only what is called as we call such files, lies where we put
 * them and belongs to this user is read, whatever else the directory holds.
 */
export const readResult = Effect.fnUntraced(function* (
  directory: string | undefined,
  { limit, name, offset = 1, position }: (typeof ReadResult.Type)["arguments"]
) {
  const unknown = new PathRefused({ problem: `There is no result ${plainLine(name, 80)}.` })
  if (directory === undefined || !isOwnName(name)) return yield* unknown
  yield* Effect.mapError(checkDirectory(directory), () => unknown)
  const file = yield* openConfined(directory, name)
  const status = yield* Effect.tryPromise({ try: () => file.handle.stat(), catch: () => unknown })
  if (!isOurs(status)) return yield* unknown
  if (position !== undefined) return yield* textFrom(name, file, position)
  const lines = yield* linesOf(name, file, offset, limit)
  const further = lines.note.includes("is longer than") ? " Read on in it with `position`." : ""
  return { text: lines.text, note: lines.note + further } satisfies FileAnswer
}, Effect.scoped)
