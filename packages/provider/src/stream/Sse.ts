/**
 * Splits the bytes of a `text/event-stream` (WHATWG HTML, "Server-sent events") into events, synchronously. Chunks may end
 * anywhere: inside a character, a line end or a field name. The cost is linear in the bytes, however small the chunks.
 *
 * Two deliberate differences from a browser: events without data are dropped whatever their name, and an event that lacks
 * only its final blank line still counts, because a proxy may remove that line.
 */
export class SseReader {
  private readonly decoder = new TextDecoder()
  private readonly emit: (data: string, event: string) => void
  /** The start of an incomplete line. Appending is cheap: V8 keeps the string as a rope until it is read. */
  private rest = ""
  private data: string | undefined
  private event = ""
  private afterCarriageReturn = false

  constructor(emit: (data: string, event: string) => void) {
    this.emit = emit
  }

  /** The number of characters of the incomplete event. A caller that reads an unbounded stream must check it. */
  get pending(): number {
    return this.rest.length + (this.data?.length ?? 0)
  }

  feed(bytes: Uint8Array): void {
    this.text(this.decoder.decode(bytes, { stream: true }))
  }

  /** Ends the stream, and emits the last event if it lacks only its final blank line. */
  end(): void {
    this.text(this.decoder.decode())
    if (this.rest !== "") this.line(this.rest)
    this.rest = ""
    this.dispatch()
  }

  private text(raw: string): void {
    if (raw === "") return
    let piece = this.afterCarriageReturn && raw.startsWith("\n") ? raw.slice(1) : raw
    this.afterCarriageReturn = false
    if (piece.includes("\r")) {
      this.afterCarriageReturn = piece.endsWith("\r")
      piece = piece.replaceAll(/\r\n?/g, "\n")
    }
    let from = 0
    for (;;) {
      const to = piece.indexOf("\n", from)
      if (to === -1) break
      if (this.rest === "") this.line(piece.slice(from, to))
      else {
        const whole = this.rest + piece.slice(from, to)
        this.rest = ""
        this.line(whole)
      }
      from = to + 1
    }
    if (from < piece.length) this.rest += piece.slice(from)
  }

  private line(line: string): void {
    if (line === "") this.dispatch()
    else if (line.startsWith("data:")) {
      const value = line.slice(line.startsWith(" ", 5) ? 6 : 5)
      this.data = this.data === undefined ? value : `${this.data}\n${value}`
    } else if (line.startsWith("event:")) this.event = line.slice(line.startsWith(" ", 6) ? 7 : 6)
  }

  private dispatch(): void {
    const { data, event } = this
    this.data = undefined
    this.event = ""
    if (data !== undefined && data !== "") this.emit(data, event)
  }
}
