import { isPrintable } from "@parley/domain/VisibleText"
import { quote } from "./Json.ts"

/** A project's text for use in a sentence: unchanged if it is short and on one line, otherwise quoted and shortened. */
export const plain = (text: string): string => (/^.{1,60}$/u.test(text) && isPrintable(text) ? text : quote(text))
