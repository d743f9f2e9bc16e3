import { wholeWord } from "@parley/domain/VisibleText"
import * as Result from "effect/Result"
import * as jsonc from "jsonc-parser"

export type Path = ReadonlyArray<string | number>

/** A problem with a text, and its offset in UTF-16 code units. */
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

/** Finds the first bracket that is nested too deeply. Must run before the parser, which recurses. */
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

/** Finds a key that JSON parsers treat differently: a duplicate, or `__proto__`. */
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

/** Parses a text that contains one JSON object; comments and trailing commas are allowed. */
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

/** The node at a path, or its nearest ancestor that exists. */
export const nodeAt = (root: jsonc.Node, path: Path): jsonc.Node =>
  jsonc.findNodeAtLocation(root, [...path]) ?? (path.length === 0 ? root : nodeAt(root, path.slice(0, -1)))

/** Line and column of an offset, both counted from 1. Columns count UTF-16 code units, as editors do. */
export const position = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 }
}

/** The text in double quotes, cut to 60 characters, with everything escaped that a person would not see. */
export const quote = (text: string): string => {
  const characters = Array.from(text.length > 240 ? text.slice(0, 240) : text)
  const shown = wholeWord(characters.slice(0, 60).join(""))
  return characters.length > 60 || text.length > 240 ? `${shown.slice(0, -1)}…"` : shown
}

const plain = /^[A-Za-z_$][\w$-]*$/

/** A path as text, such as `a.b[2]["odd key"]`. */
export const pathText = (path: Path): string =>
  path
    .map((part, i) =>
      typeof part === "number" ? `[${part}]` : !plain.test(part) ? `[${quote(part)}]` : i === 0 ? part : `.${part}`
    )
    .join("")

const eol = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n")

/** The edit that removes the last of several items of a list. `jsonc.modify` relies on white space before the bracket. */
const withoutLast = (text: string, path: Path): jsonc.EditResult | undefined => {
  const root = jsonc.parseTree(text)
  const list = root === undefined ? undefined : jsonc.findNodeAtLocation(root, path.slice(0, -1))
  const items = list?.type === "array" ? (list.children ?? []) : []
  const before = items.at(-2)
  if (list === undefined || before === undefined || path.at(-1) !== items.length - 1) return undefined
  const offset = before.offset + before.length
  return [{ offset, length: text.slice(offset, list.offset + list.length - 1).trimEnd().length, content: "" }]
}

/** The text with one value set, or removed if `value` is `undefined`. Comments and the rest of the layout are preserved. */
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
    catch: () => `${pathText(path)} cannot be set: its parent is not an object`
  })
