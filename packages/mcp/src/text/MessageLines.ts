import { Buffer } from "node:buffer"

export interface LineLimits {
  /** The largest message that is accepted, in bytes. */
  readonly message: number
  /** The longest line that is not a message, in bytes. Beyond this, the line is considered endless. */
  readonly noise: number
  /** How many bytes of an oversized message are skipped before its line is considered endless. */
  readonly skipped: number
}

export const lineLimits: LineLimits = {
  // Larger than any useful result. The whole message is held in memory while it is read, and truncated to far less later.
  message: 64 * 1024 * 1024,
  noise: 10 * 1024 * 1024,
  skipped: 1024 * 1024 * 1024
}

export interface Lines {
  readonly onLine: (line: string) => void
  /** An oversized message was skipped. `id` is the request that it answers, if that could be determined. */
  readonly onTooLarge: (id: string | number | undefined) => void
  /** A line exceeded its limit without ending, so that later messages can no longer be separated. Reading stops. */
  readonly onEndless: () => void
}

const newline = 10
const brace = 0x7b
const edge = 512
const maxPieces = 1024

// Most implementations write `{"jsonrpc":"2.0","id":7,"result":…`; the TypeScript SDK writes
// `{"result":…,"jsonrpc":"2.0","id":7}`. Members just before the last brace belong to the message, not to a nested object.
const version = String.raw`"jsonrpc"\s*:\s*"2\.0"`
const idOf = String.raw`"id"\s*:\s*(-?\d{1,15}|"[^"\\]{1,200}")`
const atHead = new RegExp(
  String.raw`^\s*\{\s*(?:${version}\s*,\s*)?${idOf}\s*,\s*(?:${version}\s*,\s*)?"(?:result|error)"`
)
const isResult = new RegExp(String.raw`^\s*\{\s*(?:${version}\s*,\s*)?"(?:result|error)"`)
const atTail = new RegExp(String.raw`,\s*(?:${version}\s*,\s*)?${idOf}\s*(?:,\s*${version}\s*)?\}\s*$`)

/** The id of the request that a message answers, found in its first and last characters. */
export const answeredId = (head: string, tail: string): string | number | undefined => {
  const found = atHead.exec(head)?.[1] ?? (isResult.test(head) ? atTail.exec(tail)?.[1] : undefined)
  if (found === undefined) return undefined
  return found.startsWith('"') ? found.slice(1, -1) : Number(found)
}

/** Whether a line may be a message: its first character that is not white space is `{`, or there is none yet. */
const isMessage = (bytes: Uint8Array): boolean => {
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)
  return first === undefined || first === brace
}

/** The first `edge` bytes of the concatenated pieces. */
const firstOf = (pieces: ReadonlyArray<Buffer>): Buffer => {
  const enough: Array<Buffer> = []
  let size = 0
  for (const piece of pieces) {
    if (size >= edge) break
    enough.push(piece.subarray(0, edge))
    size += piece.length
  }
  return Buffer.concat(enough).subarray(0, edge)
}

/** An oversized line, of which only the first and last bytes are kept. */
interface Skipped {
  readonly head: Buffer
  tail: Buffer
  bytes: number
}

/**
 * Splits the output of a server into lines with bounded memory. An oversized message is skipped while it arrives, and the
 * lines after it are still read.
 */
export const makeLineReader = (lines: Lines, limits: LineLimits = lineLimits) => {
  // Very many small pieces would take far more memory than their content, so they are concatenated block by block.
  let blocks: Array<Buffer> = []
  let pieces: Array<Buffer> = []
  let held = 0
  let message = true
  let skipped: Skipped | undefined
  const state = { ended: false }

  const reset = (): void => {
    blocks = []
    pieces = []
    held = 0
    message = true
    skipped = undefined
  }
  const end = (): void => {
    reset()
    state.ended = true
    lines.onEndless()
  }
  const take = (piece: Buffer): void => {
    if (skipped !== undefined) {
      skipped.bytes += piece.length
      // A copy, since a view would keep the whole piece in memory.
      skipped.tail = Buffer.concat([skipped.tail, piece.subarray(-edge)]).subarray(-edge)
      if (skipped.bytes > limits.skipped) end()
      return
    }
    if (held === 0 && piece.length > 0) message = isMessage(piece)
    pieces.push(piece)
    held += piece.length
    if (pieces.length === maxPieces) {
      blocks.push(Buffer.concat(pieces))
      pieces = []
    }
    if (!message && held > limits.noise) return end()
    if (held <= limits.message) return
    const all = [...blocks, ...pieces]
    skipped = {
      head: firstOf(all),
      tail: Buffer.concat(all.slice(-edge).map((last) => last.subarray(-edge))).subarray(-edge),
      bytes: held
    }
    blocks = []
    pieces = []
  }
  const finish = (): void => {
    if (skipped !== undefined) {
      const { head, tail } = skipped
      reset()
      return lines.onTooLarge(answeredId(head.toString("latin1"), tail.toString("latin1")))
    }
    const line = Buffer.concat([...blocks, ...pieces]).toString("utf8")
    reset()
    lines.onLine(line)
  }

  return (chunk: Buffer): void => {
    for (let start = 0; start < chunk.length && !state.ended;) {
      const found = chunk.indexOf(newline, start)
      take(chunk.subarray(start, found === -1 ? chunk.length : found))
      if (found === -1 || state.ended) return
      finish()
      start = found + 1
    }
  }
}
