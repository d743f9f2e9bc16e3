const Unprintable = /[\p{C}\s]+/gu

/**
 * Foreign text made fit for one line of an error message: no control or format characters, no secret, at most `max`
 * UTF-16 units. The secret goes first, so that cutting cannot leave a part of it.
 */
export const excerpt = (text: string, max: number, secret: string): string => {
  const known = secret === "" ? text : text.replaceAll(secret, "[key]")
  const line = known
    .slice(0, 8 * max)
    .replaceAll(Unprintable, " ")
    .trim()
  return line.length <= max ? line : `${line.slice(0, max - 1).toWellFormed()}…`
}
