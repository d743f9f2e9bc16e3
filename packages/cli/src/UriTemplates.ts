/** Where in a URI template a URI that is being typed has come to. */
export type Typing =
  /** Not yet past the first fixed part. */
  | { readonly _tag: "Prefix"; readonly prefix: string }
  /** In the middle of a value; `before` is all that stands before it. */
  | {
      readonly _tag: "Value"
      readonly name: string
      readonly value: string
      readonly before: string
      readonly known: { readonly [name: string]: string }
    }

/** The simple expressions of RFC 6570, `{name}`; what else there is in a template is not completed. */
const expression = /\{([A-Za-z0-9_.%]+)\}/g

/** What is typed as the beginning of a template filled in, or undefined when it is none. A value is taken to have no `/`. */
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
