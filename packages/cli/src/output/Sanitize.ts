import { escaped, replaceHidden } from "@parley/domain/VisibleText"

/**
 * Marks of ordinary spelling that have no glyph: the soft hyphen, the Arabic letter mark, the zero-width space of Thai and
 * Khmer, and the direction marks of Hebrew and Arabic. They reorder or break a line at most, so they are left out.
 */
const marks = /[\u00ad\u061c\u200b\u200e\u200f]/u

const shown = (character: string): string => {
  if (marks.test(character)) return ""
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code >= 0x7f && code <= 0x9f ? "\u2421" : escaped(character)
}

/**
 * Makes untrusted text safe for a terminal: text of models, tools, file names and servers must not move the cursor, set a
 * title or hide characters. Line feeds and tabs stay, other control characters become visible symbols, and other invisible
 * characters, such as direction overrides and tags, are escaped, so that nothing can hide behind them. Joiners and variation
 * selectors stay, since emoji and many languages need them. What a person approves is shown more strictly, see
 * `VisibleText.visible`. Stateless, so text can be sanitized in pieces.
 */
export const sanitize = (text: string): string => replaceHidden(text.toWellFormed().replace(/\r\n/g, "\n"), shown)

/** The same JSON, safe for a terminal: hidden characters can only be inside strings, so they are escaped there. */
export const sanitizeJson = (json: string): string =>
  replaceHidden(json, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("")
  )
