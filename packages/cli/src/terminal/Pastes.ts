import { isPrintable } from "@parley/domain/VisibleText"
import { StringDecoder } from "node:string_decoder"
import { Transform } from "node:stream"
import { lineLimit } from "./LongLines.ts"

/** Control sequences that turn a terminal's bracketed paste mode on and off. */
export const markPastes = "\u001b[?2004h"
export const leavePastes = "\u001b[?2004l"

const begin = "\u001b[200~"
const end = "\u001b[201~"
/** Ctrl-C and Ctrl-D: arriving alone, they were pressed and not pasted, and end a paste whose end mark is missing. */
const pressed = new Set(["\u0003", "\u0004"])

/** The longest suffix of `text`, of at least `atLeast` characters, that is a proper prefix of `mark`; else empty. */
const partial = (text: string, mark: string, atLeast: number): string => {
  for (let n = Math.min(mark.length - 1, text.length); n >= atLeast; n--)
    if (text.endsWith(mark.slice(0, n))) return mark.slice(0, n)
  return ""
}

/**
 * A stream from the terminal to the line editor. Text that the terminal marks as pasted is not interpreted as keys: it is
 * stored unchanged, including line feeds and escapes, and a label such as `[paste 1]` takes its place in the line.
 */
export class Pastes extends Transform {
  private readonly decoder = new StringDecoder("utf8")
  private readonly kept = new Map<string, string>()
  private held = ""
  private pasted: { parts: Array<string>; size: number } | undefined
  private endless: ReturnType<typeof setTimeout> | undefined
  private readonly endlessMillis: number
  /** When input last arrived, in milliseconds of `performance.now`. */
  lastInput = -Infinity

  /** A paste without an end mark ends after `endlessMillis` milliseconds without input. */
  constructor(endlessMillis = 5000) {
    super()
    this.endlessMillis = endlessMillis
  }

  /** Whether a paste has begun but not ended. */
  get open(): boolean {
    return this.pasted !== undefined
  }

  /** Replaces the labels in a line by the pasted texts. */
  expand(line: string): string {
    return line.replace(/\[paste \d+\]/g, (label) => this.kept.get(label) ?? label)
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.lastInput = performance.now()
    clearTimeout(this.endless)
    const arrived = this.decoder.write(chunk)
    if (this.open && pressed.has(arrived)) this.giveUp()
    let text = this.held + arrived
    this.held = ""
    while (text !== "") text = this.pasted === undefined ? this.typed(text) : this.inPaste(text)
    // @effect-diagnostics-next-line globalTimers:off -- a Node stream, outside of any Effect
    if (this.open) this.endless = setTimeout(() => this.giveUp(), this.endlessMillis)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.endless)
    done(error)
  }

  /** Ends a paste without its end mark. */
  private giveUp(): void {
    this.keep(this.held)
    this.held = ""
    this.close()
  }

  /** Passes keys on up to the next paste, and returns the text after its begin mark. */
  private typed(text: string): string {
    const at = text.indexOf(begin)
    // A single escape character is a key and must not be held back as a possible begin mark.
    this.held = at < 0 ? partial(text, begin, 2) : ""
    this.push(at < 0 ? text.slice(0, text.length - this.held.length) : text.slice(0, at))
    if (at < 0) return ""
    this.pasted = { parts: [], size: 0 }
    return text.slice(at + begin.length)
  }

  private inPaste(text: string): string {
    const at = text.indexOf(end)
    this.held = at < 0 ? partial(text, end, 1) : ""
    this.keep(at < 0 ? text.slice(0, text.length - this.held.length) : text.slice(0, at))
    if (at < 0) return ""
    this.close()
    return text.slice(at + end.length)
  }

  private keep(text: string): void {
    const { pasted } = this
    if (pasted === undefined || pasted.size > lineLimit) return
    pasted.parts.push(text)
    pasted.size += text.length
  }

  private close(): void {
    // A terminal sends the key Enter for each line feed.
    const text = (this.pasted?.parts.join("") ?? "").replace(/\r\n?/g, "\n")
    this.pasted = undefined
    // A short text without control characters is shown as if it had been typed.
    if (text.length <= 200 && isPrintable(text)) return void this.push(text)
    const label = `[paste ${this.kept.size + 1}]`
    this.kept.set(label, text)
    this.push(label)
  }
}
