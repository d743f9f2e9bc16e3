/**
 * Text that may go to a terminal: models, tools, file names and servers choose what they say, and none of it may move the
 * cursor, set a title or hide characters. Line feeds and tabs stay, other control characters become visible symbols,
 * direction marks and invisible tags vanish. Works piece by piece: no state is kept between calls.
 */
export const sanitize = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n/g, "\n")
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    // eslint-disable-next-line no-control-regex -- likewise
    .replace(/[\u007f-\u009f]/g, "\u2421")
    .replace(/[\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu, "")

/** What JSON need not escape, and a terminal may act on or show elsewhere than it stands. */
const risky = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu

/** The same JSON, fit for a terminal: such characters are only ever in its strings, where they can be escaped. */
export const sanitizeJson = (json: string): string =>
  json.replaceAll(risky, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("")
  )
