import { parseAst } from "rolldown/parseAst"
import type { Mutant } from "./lists.ts"

export type Candidate = Pick<Mutant, "file" | "find" | "replace"> & {
  readonly line: number
  /** A short description of the change. */
  readonly change: string
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly change: string
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value

const nodeAt = (node: Node, key: string): Node | undefined => {
  const value = node[key]
  return isNode(value) ? value : undefined
}
const nodesAt = (node: Node, key: string): ReadonlyArray<Node> => {
  const value = node[key]
  return Array.isArray(value) ? value.filter(isNode) : []
}

const operators: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "&&": "||",
  "||": "&&"
}

/** `dropped`: methods whose call is removed. `confused`: methods that are replaced by a similar one. */
const dropped = new Set([
  "filter",
  "sort",
  "toSorted",
  "reverse",
  "toReversed",
  "slice",
  "trim",
  "trimEnd",
  "toLowerCase",
  "flat"
])
const confused: Readonly<Record<string, string>> = {
  every: "some",
  some: "every",
  min: "max",
  max: "min",
  startsWith: "endsWith",
  endsWith: "startsWith",
  find: "findLast",
  findLast: "find",
  indexOf: "lastIndexOf",
  lastIndexOf: "indexOf",
  push: "unshift"
}

/** Steps of a pipe whose removal is a bug. */
const steps =
  /^(Effect|Stream|Layer|Fiber|Scope)\.(ensuring|onInterrupt|onExit|onError|tap\w*|uninterruptible|interruptible|retry|timeout\w*|mapError|catch\w*|orElse\w*|filter\w*|take\w*|buffer|ignore|repeat|forkIn|provide\w*)\b/

const editsOf = (node: Node, source: string, parent: Node | undefined): ReadonlyArray<Edit> => {
  const text = ({ end, start }: Node) => source.slice(start, end)
  const replace = (by: string, change: string): Edit => ({ start: node.start, end: node.end, text: by, change })
  const left = nodeAt(node, "left")
  const right = nodeAt(node, "right")
  const operator = typeof node["operator"] === "string" ? node["operator"] : ""
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression": {
      if (left === undefined || right === undefined) return []
      if (operator === "??")
        return [replace(`(${text(right)})`, "the default always"), replace(`(${text(left)})`, "no default")]
      const other = operators[operator]
      const isText = [left, right].some(
        ({ type, ...rest }) => type === "TemplateLiteral" || typeof rest["value"] === "string"
      )
      if (other === undefined || (operator === "+" && isText)) return []
      return [replace(`${text(left)} ${other} ${text(right)}`, `${operator} becomes ${other}`)]
    }
    case "UnaryExpression": {
      const argument = nodeAt(node, "argument")
      return operator === "!" && argument !== undefined ? [replace(text(argument), "no negation")] : []
    }
    case "ConditionalExpression": {
      const consequent = nodeAt(node, "consequent")
      const alternate = nodeAt(node, "alternate")
      if (consequent === undefined || alternate === undefined) return []
      return [
        replace(`(${text(alternate)})`, "the condition never holds"),
        replace(`(${text(consequent)})`, "the condition always holds")
      ]
    }
    case "IfStatement": {
      const test = nodeAt(node, "test")
      return test === undefined
        ? []
        : [{ start: test.start, end: test.end, text: "false", change: "the condition never holds" }]
    }
    case "Literal": {
      const { value } = node
      if (parent?.type.startsWith("TS") === true) return []
      if (typeof value === "boolean") return [replace(String(!value), "the other boolean")]
      const isCompared = parent?.type === "BinaryExpression" && /==/.test(String(parent["operator"]))
      if (typeof value === "number" && parent?.type !== "UnaryExpression" && !isCompared)
        return [replace(String(value > 10 ? value * 1000 : value + 1), value > 10 ? "a thousand times" : "one more")]
      return []
    }
    case "ExpressionStatement": {
      const expression = nodeAt(node, "expression")
      const isEffect =
        expression !== undefined && ["CallExpression", "YieldExpression", "AwaitExpression"].includes(expression.type)
      return isEffect && parent?.type !== "Program" ? [replace("void 0", "the effect is dropped")] : []
    }
    case "CallExpression": {
      const args = nodesAt(node, "arguments")
      const callee = nodeAt(node, "callee")
      const property = callee === undefined ? undefined : nodeAt(callee, "property")
      const object = callee === undefined ? undefined : nodeAt(callee, "object")
      const name = property === undefined ? "" : text(property)
      const edits: Array<Edit> = []
      if (object !== undefined && property !== undefined) {
        const other = confused[name]
        if (other !== undefined && text(object) !== "Effect")
          edits.push({ start: property.start, end: property.end, text: other, change: `${name} becomes ${other}` })
        if (dropped.has(name) && !/^[A-Z]/.test(text(object))) edits.push(replace(text(object), `no ${name}`))
        if (name === "pipe")
          for (const [i, step] of args.entries()) {
            const before = args[i - 1]
            if (before !== undefined && steps.test(text(step)))
              edits.push({ start: before.end, end: step.end, text: "", change: `no ${text(step).split("(")[0]}` })
          }
      }
      const [a, b] = args
      const plain = (arg: Node | undefined): arg is Node =>
        arg !== undefined && (arg.type === "Identifier" || arg.type === "MemberExpression")
      if (args.length === 2 && plain(a) && plain(b))
        edits.push({ start: a.start, end: b.end, text: `${text(b)}, ${text(a)}`, change: "swapped arguments" })
      return edits
    }
    case "SpreadElement":
      return parent?.type === "ObjectExpression" ? [replace("...{}", "the spread is dropped")] : []
    default:
      return []
  }
}

/** The edit, extended by as many lines before and after it as make its text unique in the file. */
const unique = (source: string, { change, end, start, text }: Edit): Omit<Candidate, "file"> | undefined => {
  const lines = source.split("\n")
  const line = source.slice(0, start).split("\n").length
  let from = line - 1
  let to = source.slice(0, end).split("\n").length - 1
  const offset = (n: number) => lines.slice(0, n).reduce((sum, each) => sum + each.length + 1, 0)
  for (;;) {
    const begin = offset(from)
    const find = lines.slice(from, to + 1).join("\n")
    if (source.split(find).length === 2)
      return { find, replace: find.slice(0, start - begin) + text + find.slice(end - begin), line, change }
    if (from === 0 && to === lines.length - 1) return undefined
    from = Math.max(0, from - 1)
    if (source.split(lines.slice(from, to + 1).join("\n")).length !== 2) to = Math.min(lines.length - 1, to + 1)
  }
}

/** Every mutant that the operators above create from a source file. Types are not changed. */
export const candidatesOf = (file: string, source: string): ReadonlyArray<Candidate> => {
  const edits: Array<Edit> = []
  const visit = (node: Node, parent: Node | undefined): void => {
    if (/^TS(Type|Interface|Union|Literal)/.test(node.type) || node.type === "ImportDeclaration") return
    edits.push(...editsOf(node, source, parent))
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node)
  }
  const program: unknown = parseAst(source, { lang: "ts" }, file)
  if (isNode(program)) visit(program, undefined)
  return edits
    .sort((a, b) => a.start - b.start)
    .flatMap((edit) => {
      const candidate = unique(source, edit)
      return candidate === undefined || candidate.find === candidate.replace ? [] : [{ file, ...candidate }]
    })
}
