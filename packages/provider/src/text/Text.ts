import { redactionOf } from "@parley/domain/Redaction"
import { plainLine } from "@parley/domain/VisibleText"

/**
 * Makes text from outside suitable for one line of an error message: without control or format characters, without the
 * secret, and with at most `max` UTF-16 units. The secret is removed first, so that cutting cannot leave a part of it.
 */
export const excerpt = (text: string, max: number, secret: string): string => {
  const known = redactionOf([secret], { mark: "[key]", shortest: 1 })(text)
  // Pages of proxies are indented, so white space is shortened before the rest is left out.
  return plainLine(known.slice(0, 8 * max).replaceAll(/\s+/g, " "), max)
}
