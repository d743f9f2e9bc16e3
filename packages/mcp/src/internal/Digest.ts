import { createHash } from "node:crypto"

/**
 * Twelve hexadecimal digits that stand for a pair of texts. UTF-16 code units are hashed, so texts that differ only in a
 * lone surrogate differ here too, and the length in front keeps `("ab", "c")` apart from `("a", "bc")`.
 */
export const pairDigest = (first: string, second: string): string =>
  createHash("sha256").update(`${first.length}:${first}${second}`, "utf16le").digest("hex").slice(0, 12)

/** SHA-256 in hexadecimal digits. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")
