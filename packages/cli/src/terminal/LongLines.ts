import { Transform } from "node:stream"

/** Maximum bytes kept of one line. A message of this size is rejected anyway, so the rest would only cost memory. */
export const lineLimit = 20_000_000

const lineFeed = 10

/** A stream that drops the part of each line beyond `lineLimit`, used before input is split into lines. */
export class LongLines extends Transform {
  private size = 0

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.size + chunk.length <= lineLimit) {
      const last = chunk.lastIndexOf(lineFeed)
      this.size = last < 0 ? this.size + chunk.length : chunk.length - last - 1
      this.push(chunk)
      return done()
    }
    for (let from = 0; from < chunk.length;) {
      const at = chunk.indexOf(lineFeed, from)
      const end = at < 0 ? chunk.length : at
      this.push(chunk.subarray(from, Math.min(end, from + Math.max(0, lineLimit - this.size))))
      this.size = at < 0 ? this.size + end - from : 0
      if (at >= 0) this.push("\n")
      from = end + 1
    }
    done()
  }
}
