import { randomBytes } from "node:crypto"

const alphabet = "0123456789abcdefghijklmnopqrstuv"

/** Random base-32 digits, five bits each, from the operating system's random generator. */
export const randomDigits = (count: number): string =>
  Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join("")
