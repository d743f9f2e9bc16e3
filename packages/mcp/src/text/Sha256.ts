import { createHash } from "node:crypto"

/**
 * A digest of a pair of texts, in twelve hexadecimal digits. UTF-16 code units are hashed, so texts that differ only in a
 * lone surrogate have different digests, and the length prefix distinguishes `("ab", "c")` from `("a", "bc")`.
 */
export const pairDigest = (first: string, second: string): string =>
  createHash("sha256").update(`${first.length}:${first}${second}`, "utf16le").digest("hex").slice(0, 12)

/** SHA-256 in hexadecimal digits. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")
