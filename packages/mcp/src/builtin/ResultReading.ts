import * as Effect from "effect/Effect"
import { plainLine } from "@parley/domain/VisibleText"
import { cut } from "../text/Cut.ts"
import { openConfined, type OpenFile, PathRefused } from "./Confinement.ts"
import { looksBinary, readChunk } from "./FileText.ts"
import { checkDirectory, isOurs } from "../disk/OwnDirectory.ts"
import { isOwnName } from "../results/ResultFiles.ts"
import type { FileAnswer } from "./AnswerText.ts"
import { linesOf, workspaceLimits } from "./WorkspaceFiles.ts"

/** The part of a stored result to read: lines, or the text from a byte position. */
export interface ResultPart {
  readonly name: string
  readonly offset?: number
  readonly limit?: number
  readonly position?: number
}

const continues = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Reads text from a byte position, which may be within a long line. A character that begins before it is left out. */
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
  // An incomplete character at the end belongs to the next piece.
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
 * Reads lines of a stored result, or text from a byte position. Only files that have the name pattern of our results, are in
 * our directory and belong to this user are read.
 */
export const readResult = Effect.fnUntraced(function* (
  directory: string | undefined,
  { limit, name, offset = 1, position }: ResultPart
) {
  const unknown = new PathRefused({ problem: `There is no result ${plainLine(name, 80)}.` })
  if (directory === undefined || !isOwnName(name)) return yield* unknown
  yield* Effect.mapError(checkDirectory(directory), () => unknown)
  const file = yield* openConfined(directory, name)
  const status = yield* Effect.tryPromise({ try: () => file.handle.stat(), catch: () => unknown })
  if (!isOurs(status)) return yield* unknown
  if (position !== undefined) return yield* textFrom(name, file, position)
  const lines = yield* linesOf(name, file, { offset, limit }, false)
  const further = lines.note.includes("is longer than") ? " Read on in it with `position`." : ""
  return { text: lines.text, note: lines.note + further } satisfies FileAnswer
}, Effect.scoped)
