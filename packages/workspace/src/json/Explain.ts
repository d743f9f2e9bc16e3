import { isSecretName } from "@parley/domain/SecretNames"
import * as SchemaIssue from "effect/SchemaIssue"
import type * as jsonc from "jsonc-parser"
import { article, type Flaw, nodeAt, type Parsed, type Path, pathText, quote } from "./Json.ts"

type Problem =
  | { readonly _tag: "Value"; readonly path: Path; readonly expected: string }
  | { readonly _tag: "Missing"; readonly path: Path }
  | { readonly _tag: "Unknown"; readonly path: Path; readonly known: ReadonlyArray<string>; readonly names: string }

const wordings: ReadonlyArray<readonly [RegExp, string]> = [
  [/^Expected /, ""],
  [/^string$/, "text"],
  [/^number$/, "a number"],
  [/^boolean$/, "true or false"],
  [/^array$/, "a list"],
  [/^object$/, "an object"],
  [/^JSON value$/, "a JSON value"],
  [/^a value with a length of at least 1$/, "text that is not empty"],
  [/^a value greater than /, "a number greater than "],
  [/^a value between /, "a number between "],
  [/ \| /g, " or "]
]
const reword = (text: string): string =>
  wordings.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), text)

const annotated = (annotations: { readonly [key: string]: unknown } | undefined): string | undefined =>
  typeof annotations?.["expected"] === "string" ? annotations["expected"] : undefined

type Ast = SchemaIssue.InvalidType["ast"]

/** A description of the values that a schema accepts, from its annotations if it has any. */
const wanted = (ast: Ast): string =>
  annotated(ast.annotations) ?? reword(SchemaIssue.defaultLeafHook(new SchemaIssue.InvalidType(ast)))

/** The same for a record's keys. All keys are text, so their check describes them best. */
const wantedKey = (ast: Ast): string => annotated(ast.checks?.at(-1)?.annotations) ?? wanted(ast)

const leaves = (issue: SchemaIssue.Issue, path: Path): ReadonlyArray<Problem> => {
  switch (issue._tag) {
    case "Filter": {
      if (issue.issue._tag !== "InvalidValue") return leaves(issue.issue, path)
      const expected = SchemaIssue.defaultCheckHook(issue) ?? issue.filter.annotations?.expected
      return [{ _tag: "Value", path, expected: reword(expected ?? SchemaIssue.defaultLeafHook(issue.issue)) }]
    }
    case "Encoding":
      return leaves(issue.issue, path)
    case "Pointer":
      return leaves(issue.issue, [...path, ...issue.path.filter((part) => typeof part !== "symbol")])
    case "Composite":
      return issue.issues.flatMap((issue) => leaves(issue, path))
    case "AnyOf": {
      // Issues below the value itself come from the alternative that matches best, and describe the problem best. Without
      // them, describe the whole union.
      const deeper = issue.issues
        .flatMap((issue) => leaves(issue, path))
        .filter((found) => found.path.length > path.length)
      return deeper.length > 0 ? deeper : [{ _tag: "Value", path, expected: wanted(issue.ast) }]
    }
    case "MissingKey":
      return [{ _tag: "Missing", path }]
    case "UnexpectedKey": {
      const ast = issue.ast
      const known = ast._tag === "Objects" ? ast.propertySignatures.map(({ name }) => String(name)) : []
      const keys = ast._tag === "Objects" ? ast.indexSignatures.map(({ parameter }) => wantedKey(parameter)) : []
      return [{ _tag: "Unknown", path, known, names: keys.join(" or ") }]
    }
    case "InvalidType":
      return [{ _tag: "Value", path, expected: wanted(issue.ast) }]
    default:
      return [{ _tag: "Value", path, expected: reword(SchemaIssue.defaultLeafHook(issue)) }]
  }
}

/**
 * Keys whose values are never shown, at any position of the path, beside those that `isSecretName` names. Such a value may also
 * contain a secret in other text.
 */
const secretive = /key|token|secret|passw|auth|cookie|credential|signature|private|headers|env|args|url/i
/** Long unbroken text, or one of the usual prefixes of secrets: probably a secret although its key does not suggest it. */
const secretLike = /^(sk|pk|rk|gh[a-z]|xox[a-z]|glpat|eyj|bearer|basic)[-_ .a-z0-9]|[\w+/=-]{24,}/i

const found = (node: jsonc.Node, path: Path): string => {
  if (node.type === "object" || node.type === "array" || node.type === "null") return article(node.type)
  const hidden = path.some((part) => typeof part === "string" && (secretive.test(part) || isSecretName(part)))
  if (typeof node.value !== "string") return hidden ? article(node.type) : String(node.value)
  // A tool's input may be anything, including a secret.
  const hide = hidden || path.includes("input") || secretLike.test(node.value)
  return node.value === "" ? "empty text" : hide ? "other text" : quote(node.value)
}

/** The Levenshtein distance: how many single-character edits lead from one word to the other. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const nearest = (key: string, known: ReadonlyArray<string>): string | undefined =>
  known
    .map((name) => ({ name, away: distance(key.slice(0, 64).toLowerCase(), name.toLowerCase()) }))
    .filter(({ away, name }) => away <= Math.max(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.away - b.away)[0]?.name

const sentence = (problem: Problem, parsed: Parsed): Flaw => {
  const { path } = problem
  const node = nodeAt(parsed.root, path)
  switch (problem._tag) {
    case "Missing":
      return { offset: node.offset, problem: `${pathText(path)} is missing` }
    case "Value":
      return {
        offset: node.offset,
        problem: `${pathText(path)}: expected ${problem.expected}, found ${found(node, path)}`
      }
    case "Unknown": {
      const offset = node.parent?.offset ?? node.offset
      const near = nearest(String(path.at(-1)), problem.known)
      if (near !== undefined) return { offset, problem: `unknown key ${pathText(path)}; did you mean ${quote(near)}?` }
      const allowed =
        problem.names === "" ? `the keys here are ${problem.known.join(", ")}` : `a key here must be ${problem.names}`
      return { offset, problem: `unknown key ${pathText(path)}; ${allowed}` }
    }
  }
}

/**
 * Chooses the one problem to report to the user: an unknown key first, as it is often a misspelling of a key that is then
 * missing; otherwise the problem that comes first in the file. Values are shown only where they cannot be secrets.
 */
export const explain = (issue: SchemaIssue.Issue, parsed: Parsed): Flaw => {
  const problems = leaves(issue, [])
  const unknown = problems.filter(({ _tag }) => _tag === "Unknown")
  const flaws = (unknown.length > 0 ? unknown : problems).map((problem) => sentence(problem, parsed))
  return flaws.sort((a, b) => a.offset - b.offset)[0] ?? { offset: 0, problem: "cannot be used" }
}
