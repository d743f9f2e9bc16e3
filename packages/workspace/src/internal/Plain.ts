import { quote } from "./Json.ts"

/** A project's text inside a sentence: as it is when it is short and on one line, else quoted and shortened. */
export const plain = (text: string): string => (/^[^\p{C}\p{Zl}\p{Zp}]{1,60}$/u.test(text) ? text : quote(text))
