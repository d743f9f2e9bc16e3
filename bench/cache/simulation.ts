import { createHash } from "node:crypto"
import type { Prompt } from "./prompt.ts"

/** From a marker the API looks at so many blocks, the marked one included. */
const lookBack = 20

/** It caches nothing shorter: 1024 tokens, a quarter of the bytes. */
const shortest = 4096

export interface Charged {
  readonly bytes: number
  /** Taken from the cache. */
  readonly read: number
  /** Put there, for the next request. */
  readonly written: number
}

/**
 * The API's cache as it documents it. A prefix is kept only up to a marked block of an earlier request; it is found only at
 * a marker of this one or at one of the blocks before it that are looked at. Nothing expires: the rounds are a minute apart.
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
