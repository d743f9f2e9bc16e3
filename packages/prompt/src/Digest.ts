import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { Segment } from "@parley/domain/ContextManifest"
import type { Section } from "./Section.ts"

/** The first 16 hexadecimal digits of the SHA-256 of the text's UTF-8 bytes. */
export const digest = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 8))

/** How many bytes of UTF-8 the text has, where half a surrogate pair takes as much as the mark that stands for it. */
export const byteLength = (text: string): number => utf8ToBytes(text).length

/** What is not there, or not there again, and why. */
export const absent = (part: Segment["part"], source: string, why: string): Segment => ({
  part,
  source,
  why,
  bytes: 0,
  tokens: 0,
  hash: ""
})

/** What a section adds to a request. Tokens are estimated as a quarter of the bytes. */
export const segment = (part: Segment["part"], section: Section): Segment => {
  const bytes = utf8ToBytes(section.text)
  return {
    part,
    source: section.source,
    ...(section.why === undefined ? {} : { why: section.why }),
    provenance: section.provenance,
    bytes: bytes.length,
    tokens: Math.ceil(bytes.length / 4),
    hash: bytesToHex(sha256(bytes).subarray(0, 8))
  }
}
