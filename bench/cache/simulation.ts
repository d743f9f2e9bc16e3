import { createHash } from "node:crypto"
import type { Prompt } from "./prompt.ts"

/** How many blocks the API checks backwards from a marker, including the marked one. */
const lookBack = 20

/** The shortest prefix that the API caches, in bytes: 1024 tokens of 4 bytes. */
const shortest = 4096

export interface Charged {
  readonly bytes: number
  /** Bytes read from the cache. */
  readonly read: number
  /** Bytes written to the cache. */
  readonly written: number
}

/**
 * The API's prompt cache, as its documentation describes it. A prefix is stored only up to a marked block of an earlier
 * request. It is found only at a marker of the current request or at one of the blocks checked before the marker. Nothing
 * expires, because the rounds are a minute apart.
 */
export const make = (): ((prompt: Prompt) => Charged) => {
  const kept = new Set<string>()
  return ({ blocks, marked }) => {
    const hash = createHash("sha256")
    let bytes = 0
    const prefixes = blocks.map((block) => {
      hash.update(`${block}\n`)
      bytes += Buffer.byteLength(block)
      return { key: hash.copy().digest("hex"), bytes }
    })
    let read = 0
    for (const at of marked)
      for (let i = at; i > at - lookBack && i >= 0; i--) {
        const prefix = prefixes[i]
        if (prefix === undefined || !kept.has(prefix.key)) continue
        read = Math.max(read, prefix.bytes)
        break
      }
    let written = 0
    for (const at of marked) {
      const prefix = prefixes[at]
      if (prefix === undefined || prefix.bytes < shortest) continue
      kept.add(prefix.key)
      written = Math.max(written, prefix.bytes - read)
    }
    return { bytes, read, written }
  }
}
