import { randomBytes } from "node:crypto"

const alphabet = "0123456789abcdefghijklmnopqrstuv"

/** Digits of base 32, five random bits each. */
export const randomDigits = (count: number): string =>
  Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join("")
