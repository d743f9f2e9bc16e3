import * as Schema from "effect/Schema"

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

/**
 * An escape of JSON, which is taken as a whole so that the text `\\u` is not mistaken for one, or a character that a
 * terminal shows as nothing, as a space, or not where it stands: control, format (direction marks, joiners, tags),
 * unassigned and private ones, fillers, and every space but the plain one.
 */
const hidden = /\\u([0-9a-f]{4})|\\[^u]|[\p{C}\p{DI}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/gu

/**
 * The input of a call as the JSON that is sent, on one line, with its keys in the order they have. Nothing in it is
 * invisible: what would be is written as `\u{…}`, and a backslash that belongs to a string is doubled, so that each text
 * stands for one input only. Line breaks in strings stay `\n` and `\r`.
 */
export const visibleJson = (value: Schema.Json): string =>
  encode(value).replace(hidden, (found: string, code: string | undefined) =>
    code !== undefined
      ? `\\u{${Number.parseInt(code, 16).toString(16)}}`
      : found.startsWith("\\")
        ? found
        : `\\u{${found.codePointAt(0)?.toString(16)}}`
  )
