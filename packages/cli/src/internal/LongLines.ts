import { Transform } from "node:stream"

/** As much of one line as is kept; a message of that size is refused, and what follows would only cost memory. */
export const lineLimit = 20_000_000

const lineFeed = 10

/** Input on its way to be split into lines: what a line has beyond the limit is left out. */
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
