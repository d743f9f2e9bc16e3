import { digest } from "./Digest.ts"

/** A value inside a tag: JSON, with nothing in it that could end the tag. */
const attribute = (value: string): string =>
  JSON.stringify(value).replace(/[<>]/g, (bracket) => (bracket === "<" ? "\\u003c" : "\\u003e"))

/**
 * Wraps untrusted text so that nothing in it can end the wrapping: the tag carries a mark derived from the text, and a
 * mark that the text already contains is never used. The same text always gives the same bytes.
 */
export const fence = (tag: string, attributes: { readonly [name: string]: string }, text: string): string => {
  let mark = digest(text).slice(0, 8)
  for (let i = 1; text.includes(mark); i++) mark = digest(`${i} ${text}`).slice(0, 8)
  const names = Object.entries(attributes).map(([name, value]) => ` ${name}=${attribute(value)}`)
  return `<${tag}-${mark}${names.join("")}>\n${text}\n</${tag}-${mark}>`
}

/** The text that a fence wraps; `undefined` if `fence` would not render it so. */
export const unfence = (
  tag: string,
  attributes: { readonly [name: string]: string },
  fenced: string
): string | undefined => {
  const start = fenced.indexOf("\n") + 1
  const end = fenced.lastIndexOf("\n")
  if (start === 0 || end < start) return undefined
  const text = fenced.slice(start, end)
  return fence(tag, attributes, text) === fenced ? text : undefined
}
