import { Buffer } from "node:buffer"
import { stripVTControlCharacters } from "node:util"
import { plainLine } from "../PlainText.ts"

export interface StderrTail {
  readonly append: (chunk: Uint8Array) => void
  /** Bytes held at present; never more than the capacity. */
  readonly size: () => number
  /** The last lines, without escape sequences and control characters, fit for a message to a person. */
  readonly lines: (count: number) => ReadonlyArray<string>
}

/** Keeps the end of what a server writes to its standard error, however much that is. */
export const makeStderrTail = (capacity = 64 * 1024): StderrTail => {
  const chunks: Array<Uint8Array> = []
  const held = { bytes: 0 }

  const append = (chunk: Uint8Array): void => {
    // A copy, so that a small tail does not keep a large chunk alive.
    const kept = Buffer.from(chunk.length > capacity ? chunk.subarray(chunk.length - capacity) : chunk)
    chunks.push(kept)
    held.bytes += kept.length
    while (held.bytes > capacity) {
      const first = chunks[0]
      if (first === undefined) return
      const excess = held.bytes - capacity
      if (first.length <= excess) chunks.shift()
      else chunks[0] = first.subarray(excess)
      held.bytes -= Math.min(first.length, excess)
    }
  }

  const lines = (count: number): ReadonlyArray<string> =>
    stripVTControlCharacters(Buffer.concat(chunks).toString("utf8"))
      .split(/[\r\n]+/)
      .map((line) => plainLine(line))
      .filter((line) => line !== "")
      .slice(-count)

  return { append, size: () => held.bytes, lines }
}
