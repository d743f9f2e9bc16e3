import * as Result from "effect/Result"
import * as jsonc from "jsonc-parser"

export type Path = ReadonlyArray<string | number>

/** Something wrong with a text, and where. */
export interface Flaw {
  readonly offset: number
  readonly problem: string
}

export interface Parsed {
  readonly text: string
  readonly root: jsonc.Node
  readonly value: unknown
}

const maxDepth = 64

const syntax: { readonly [code: string]: string } = {
  InvalidSymbol: "this is not JSON; text and keys need double quotes",
  InvalidNumberFormat: "this is not a number",
  PropertyNameExpected: 'expected a key in double quotes or "}"',
  ValueExpected: "expected a value",
  ColonExpected: 'expected ":" after the key',
  CommaExpected: 'expected ","',
  CloseBraceExpected: 'expected "}"',
  CloseBracketExpected: 'expected "]"',
  EndOfFileExpected: "expected nothing more after the closing brace",
  InvalidCommentToken: "this comment is not allowed",
  UnexpectedEndOfComment: 'the comment is never closed with "*/"',
  UnexpectedEndOfString: "the text is never closed with a double quote on its line",
  UnexpectedEndOfNumber: "the number is incomplete",
  InvalidUnicode: "expected four hexadecimal digits after \\u",
  InvalidEscapeCharacter: "there is no such escape; a backslash is written \\\\",
  InvalidCharacter: "text may not hold control characters; write a line break as \\n"
}

/** The first bracket that is nested too deep. The parser recurses, so this comes before it. */
const tooDeep = (text: string): Flaw | undefined => {
  const scanner = jsonc.createScanner(text, true)
  let depth = 0
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset()
    const first = text[offset]
    if (first === "}" || first === "]") depth--
    else if ((first === "{" || first === "[") && ++depth > maxDepth) {
      return { offset, problem: `nested more than ${maxDepth} deep` }
    }
  }
  return undefined
}

/** A key that readers of JSON disagree about: given twice, or taken for an object's prototype. */
const ambiguous = (node: jsonc.Node): Flaw | undefined => {
  const seen = new Set<string>()
  for (const child of node.children ?? []) {
    const key = node.type === "object" ? child.children?.[0] : undefined
    if (key !== undefined) {
      const name = String(key.value)
      if (name === "__proto__") return { offset: key.offset, problem: 'unknown key "__proto__"' }
      if (seen.has(name)) return { offset: key.offset, problem: `the key ${quote(name)} appears twice` }
      seen.add(name)
    }
    const inner = ambiguous(child)
    if (inner !== undefined) return inner
  }
  return undefined
}

/** One object of JSON; comments and trailing commas are allowed. */
export const parse = (text: string): Result.Result<Parsed, Flaw> => {
  const deep = tooDeep(text)
  if (deep !== undefined) return Result.fail(deep)
  const errors: Array<jsonc.ParseError> = []
  const root = jsonc.parseTree(text, errors, { allowTrailingComma: true })
  const first = errors.sort((a, b) => a.offset - b.offset)[0]
  if (root === undefined) {
    const nothing = jsonc.stripComments(text).trim() === ""
    return Result.fail({
      offset: nothing ? 0 : (first?.offset ?? 0),
      problem: nothing ? "the file is empty; expected an object, at least {}" : "expected an object in braces"
    })
  }
  if (first !== undefined) {
    const code = jsonc.printParseErrorCode(first.error)
    return Result.fail({ offset: first.offset, problem: syntax[code] ?? "this is not JSON" })
  }
  if (root.type !== "object") {
    return Result.fail({ offset: root.offset, problem: `expected an object in braces, found ${article(root.type)}` })
  }
  const unclear = ambiguous(root)
  if (unclear !== undefined) return Result.fail(unclear)
  return Result.succeed({ text, root, value: jsonc.getNodeValue(root) })
}

const kinds: { readonly [K in jsonc.NodeType]: string } = {
  object: "an object",
  array: "a list",
  property: "a key",
  string: "text",
  number: "a number",
  boolean: "true or false",
  null: "null"
}
export const article = (type: jsonc.NodeType): string => kinds[type]

/** The node at a path, or the innermost one on the way to it that exists. */
export const nodeAt = (root: jsonc.Node, path: Path): jsonc.Node =>
  jsonc.findNodeAtLocation(root, [...path]) ?? (path.length === 0 ? root : nodeAt(root, path.slice(0, -1)))

/** Counted from 1; columns are UTF-16 code units, as editors count them. */
export const position = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 }
}

/** In double quotes, with everything that a terminal might act on written as an escape, and not too long. */
export const quote = (text: string): string => {
  const characters = Array.from(text.length > 240 ? text.slice(0, 240) : text)
  const shown = characters
    .slice(0, 60)
    .map((character) =>
      /["\\]/.test(character)
        ? `\\${character}`
        : /[\p{C}\p{Zl}\p{Zp}]/u.test(character)
          ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
          : character
    )
    .join("")
  return characters.length > 60 || text.length > 240 ? `"${shown}…"` : `"${shown}"`
}

const plain = /^[A-Za-z_$][\w$-]*$/

/** `a.b[2]["odd key"]` */
export const pathText = (path: Path): string =>
  path
    .map((part, i) =>
      typeof part === "number" ? `[${part}]` : !plain.test(part) ? `[${quote(part)}]` : i === 0 ? part : `.${part}`
    )
    .join("")

const eol = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n")

/** What takes the last of several items out of a list. `jsonc.modify` counts on white space before the bracket. */
const withoutLast = (text: string, path: Path): jsonc.EditResult | undefined => {
  const root = jsonc.parseTree(text)
  const list = root === undefined ? undefined : jsonc.findNodeAtLocation(root, path.slice(0, -1))
  const items = list?.type === "array" ? (list.children ?? []) : []
  const before = items.at(-2)
  if (list === undefined || before === undefined || path.at(-1) !== items.length - 1) return undefined
  const offset = before.offset + before.length
  return [{ offset, length: text.slice(offset, list.offset + list.length - 1).trimEnd().length, content: "" }]
}

/** The text with one value set, or removed when it is `undefined`. Comments and the rest of the layout stay. */
export const change = (text: string, path: Path, value: unknown): Result.Result<string, string> =>
  Result.try({
    try: () =>
      jsonc.applyEdits(
        text,
        (value === undefined ? withoutLast(text, path) : undefined) ??
          jsonc.modify(text, [...path], value, {
            formattingOptions: { insertSpaces: !/^\t/m.test(text), tabSize: 2, eol: eol(text) }
          })
      ),
    catch: () => `${pathText(path)} cannot be set: what holds it is not an object`
  })
