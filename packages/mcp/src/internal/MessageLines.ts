import { Buffer } from "node:buffer"

export interface LineLimits {
  /** The largest message that is read, in bytes. */
  readonly message: number
  /** How much of a line that is no message may come before its end. */
  readonly noise: number
  /** How much of a message that is too large is passed over before the line counts as one without end. */
  readonly skipped: number
}

export const lineLimits: LineLimits = {
  // More than any result of use: it is held whole while it is read, and cut to far less afterwards.
  message: 64 * 1024 * 1024,
  noise: 10 * 1024 * 1024,
  skipped: 1024 * 1024 * 1024
}

export interface Lines {
  readonly onLine: (line: string) => void
  /** A message was passed over. If it is known what request it answers, `id` is that. */
  readonly onTooLarge: (id: string | number | undefined) => void
  /** A line without end: what follows can no longer be told apart. */
  readonly onEndless: () => void
}

const newline = 10
const brace = 0x7b
const edge = 512
const maxPieces = 1024

// `{"jsonrpc":"2.0","id":7,"result":…`, in the order that most write, and `{"result":…,"jsonrpc":"2.0","id":7}`, as the SDK
// for TypeScript does. What stands just before the last brace belongs to the message itself and to nothing within it.
const version = String.raw`"jsonrpc"\s*:\s*"2\.0"`
const idOf = String.raw`"id"\s*:\s*(-?\d{1,15}|"[^"\\]{1,200}")`
const atHead = new RegExp(
  String.raw`^\s*\{\s*(?:${version}\s*,\s*)?${idOf}\s*,\s*(?:${version}\s*,\s*)?"(?:result|error)"`
)
const isResult = new RegExp(String.raw`^\s*\{\s*(?:${version}\s*,\s*)?"(?:result|error)"`)
const atTail = new RegExp(String.raw`,\s*(?:${version}\s*,\s*)?${idOf}\s*(?:,\s*${version}\s*)?\}\s*$`)

/** The id of the request that a message answers, by its first and its last characters. */
export const answeredId = (head: string, tail: string): string | number | undefined => {
  const found = atHead.exec(head)?.[1] ?? (isResult.test(head) ? atTail.exec(tail)?.[1] : undefined)
  if (found === undefined) return undefined
  return found.startsWith('"') ? found.slice(1, -1) : Number(found)
}

/** Whether a line can only be a message, by its first character. */
const isMessage = (bytes: Uint8Array): boolean => {
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)
  return first === undefined || first === brace
}

/** The first bytes of what pieces hold together. */
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

/** A line of which only its edges are kept. */
interface Skipped {
  readonly head: Buffer
  tail: Buffer
  bytes: number
}

/**
 * Takes apart what a server writes, line by line, in memory that is bounded: a message that is too large is passed over
 * while it comes in, and the lines after it are read on.
 */
export const makeLineReader = (lines: Lines, limits: LineLimits = lineLimits) => {
  // Very many small pieces would take far more memory than what is in them, so they are put together block by block.
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
      // A copy: a view would keep the whole piece.
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
