import { Buffer } from "node:buffer"
import { stripVTControlCharacters } from "node:util"
import { plainLine } from "@parley/domain/VisibleText"

export interface StderrTail {
  readonly append: (chunk: Uint8Array) => void
  /** The number of bytes that are kept now; never more than the capacity. */
  readonly size: () => number
  /** The last `count` lines, without escape sequences and control characters, suitable for a message to a person. */
  readonly lines: (count: number) => ReadonlyArray<string>
}

/** Keeps the last `capacity` bytes of a server's standard error. */
export const makeStderrTail = (capacity = 64 * 1024): StderrTail => {
  const chunks: Array<Uint8Array> = []
  const total = { bytes: 0 }

  const append = (chunk: Uint8Array): void => {
    // A copy, so that a small tail does not keep a large chunk alive.
    const kept = Buffer.from(chunk.length > capacity ? chunk.subarray(chunk.length - capacity) : chunk)
    chunks.push(kept)
    total.bytes += kept.length
    while (total.bytes > capacity) {
      const first = chunks[0]
      if (first === undefined) return
      const excess = total.bytes - capacity
      if (first.length <= excess) chunks.shift()
      else chunks[0] = first.subarray(excess)
      total.bytes -= Math.min(first.length, excess)
    }
  }

  const lines = (count: number): ReadonlyArray<string> =>
    stripVTControlCharacters(Buffer.concat(chunks).toString("utf8"))
      .split(/[\r\n]+/)
      .map((line) => plainLine(line))
      .filter((line) => line !== "")
      .slice(-count)

  return { append, size: () => total.bytes, lines }
}
