/** The longest end of the text that does not begin within a character. */
const endOf = (text: string, length: number): string => {
  const from = text.length - length
  const splits = /[\uDC00-\uDFFF]/.test(text.charAt(from)) && /[\uD800-\uDBFF]/.test(text.charAt(from - 1))
  return text.slice(splits ? from + 1 : from)
}

const startOf = (text: string, length: number): string =>
  /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? text.slice(0, length - 1) : text.slice(0, length)

/** The beginning and the end of a text that has more than `limit` UTF-16 units, and how much is left out between them. */
export const clip = (text: string, limit: number): string => {
  if (text.length <= limit) return text
  const head = startOf(text, Math.ceil((limit * 2) / 3))
  const end = endOf(text, Math.floor(limit / 3))
  return `${head}\n[… ${text.length - head.length - end.length} characters left out …]\n${end}`
}
