/** One setting of a git configuration. Section and key are in lower case; the part in quotes keeps its case. */
export interface Setting {
  readonly section: string
  /** What stands in quotes after the section's name, such as `origin` in `[remote "origin"]`. */
  readonly part: string | undefined
  readonly key: string
  /** `true` for a key without a value. */
  readonly value: string
}

const escapes: { readonly [character: string]: string } = { n: "\n", t: "\t", b: "\b" }

/** Reads the value that begins at `start`: quotes, escapes, comments, and a line end after a backslash. */
const valueAt = (text: string, start: number): { readonly value: string; readonly end: number } | undefined => {
  let value = ""
  /** The length of `value` without spaces that are not in quotes at its end. */
  let kept = 0
  let quoted = false
  for (let i = start; ; i++) {
    const character = text[i]
    if (character === undefined || character === "\n")
      return quoted ? undefined : { value: value.slice(0, kept), end: i }
    if (!quoted && (character === "#" || character === ";")) {
      const end = text.indexOf("\n", i)
      return { value: value.slice(0, kept), end: end < 0 ? text.length : end }
    }
    if (character === '"') {
      quoted = !quoted
      kept = value.length
    } else if (character === "\\") {
      i++
      if (text[i] === "\n") continue
      const escaped = text[i] ?? ""
      if (!/^[ntb"\\]$/.test(escaped)) return undefined
      value += escapes[escaped] ?? escaped
      kept = value.length
    } else if (quoted || !/\s/.test(character)) {
      value += character
      kept = value.length
    } else if (value !== "") value += character
  }
}

const header = /^\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?[ \t]*\]/
const keyword = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)/

/**
 * The settings of a git configuration file, in order. Undefined if it is not one: git refuses such a file, too. The syntax
 * is that of `git-config`'s manual.
 */
export const parse = (written: string): ReadonlyArray<Setting> | undefined => {
  const text = written.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n")
  const settings: Array<Setting> = []
  let section: { readonly name: string; readonly part: string | undefined } | undefined
  for (let i = 0; i < text.length;) {
    const rest = text.slice(i, i + 4096)
    const blank = /^(?:\s+|[#;][^\n]*)/.exec(rest)
    if (blank !== null) {
      i += blank[0].length
      continue
    }
    const headed = header.exec(rest)
    if (headed !== null) {
      const [name = "", old] = (headed[1] ?? "").split(/\.(.*)/s)
      section = { name: name.toLowerCase(), part: headed[2]?.replace(/\\(.)/g, "$1") ?? old?.toLowerCase() }
      i += headed[0].length
      continue
    }
    const found = keyword.exec(rest)
    if (found === null || section === undefined) return undefined
    const read = valueAt(text, i + found[0].length)
    if (read === undefined || (found[2] === "" && read.value !== "")) return undefined
    const value = found[2] === "" ? "true" : read.value
    settings.push({ section: section.name, part: section.part, key: (found[1] ?? "").toLowerCase(), value })
    i = read.end
  }
  return settings
}

/** The last value of a setting outside of subsections, which is the one that counts. */
export const last = (settings: ReadonlyArray<Setting>, section: string, key: string): string | undefined =>
  settings.findLast((one) => one.section === section && one.part === undefined && one.key === key)?.value

/** Whether a value means yes, as git reads it. */
export const isTrue = (value: string | undefined): boolean =>
  value !== undefined && (/^(?:true|yes|on)$/i.test(value) || (/^[+-]?\d+$/.test(value) && Number(value) !== 0))
