/** The position in a URI template that a partially typed URI has reached. */
export type Typing =
  /** Within a fixed part; `prefix` is everything up to the end of that part. */
  | { readonly _tag: "Prefix"; readonly prefix: string }
  /** Within a value; `before` is the text before it, `known` the values that are complete. */
  | {
      readonly _tag: "Value"
      readonly name: string
      readonly value: string
      readonly before: string
      readonly known: { readonly [name: string]: string }
    }

/** The simple expressions of RFC 6570, `{name}`; other expressions are not completed. */
const expression = /\{([A-Za-z0-9_.%]+)\}/g

/** Matches typed text as the beginning of an expanded template; undefined if it does not match. Values contain no `/`. */
export const typing = (template: string, typed: string): Typing | undefined => {
  let rest = typed
  let before = ""
  let from = 0
  const known: Record<string, string> = {}
  for (const found of template.matchAll(expression)) {
    const [whole, name = ""] = found
    const fixed = template.slice(from, found.index)
    if (fixed.includes("{")) return undefined
    if (rest.length < fixed.length)
      return fixed.startsWith(rest) ? { _tag: "Prefix", prefix: before + fixed } : undefined
    if (!rest.startsWith(fixed)) return undefined
    rest = rest.slice(fixed.length)
    before += fixed
    from = found.index + whole.length
    const next = template.slice(from).replace(/\{.*$/s, "")
    const end = next === "" ? rest.search(/\//) : rest.indexOf(next)
    if (end < 0) return rest.includes("/") ? undefined : { _tag: "Value", name, value: rest, before, known }
    known[name] = rest.slice(0, end)
    before += known[name]
    rest = rest.slice(end)
  }
  return undefined
}
