import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { Segment } from "@parley/domain/ContextManifest"
import type { Section } from "./Section.ts"

/**
 * The first 16 hexadecimal digits of the SHA-256 of the text's UTF-8 bytes.
 *
 * @since 0.1.0
 * @category functions
 */
export const digest = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 8))

/**
 * All hexadecimal digits of the SHA-256 of the text's UTF-8 bytes, for comparisons that a malicious server must not be able to defeat.
 *
 * @since 0.1.0
 * @category functions
 */
export const fullDigest = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))

/**
 * The number of UTF-8 bytes of the text. A lone surrogate counts as U+FFFD, by which it is replaced.
 *
 * @since 0.1.0
 * @category functions
 */
export const byteLength = (text: string): number => utf8ToBytes(text).length

/**
 * A segment without content: records why something was left out or not sent again.
 *
 * @since 0.1.0
 * @category functions
 */
export const absent = (part: Segment["part"], source: string, why: string): Segment => ({
  part,
  source,
  why,
  bytes: 0,
  tokens: 0,
  hash: ""
})

/**
 * The segment that describes a section. Tokens are estimated as a quarter of the UTF-8 bytes.
 *
 * @since 0.1.0
 * @category functions
 */
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
