import { Buffer } from "node:buffer"
import type { ToolInput } from "@parley/domain/McpManager"
import type * as Schema from "effect/Schema"

type Node = { readonly [key: string]: Schema.Json }

/** Schemas are bounded when they are read; inputs need not be, so only what a schema leads to is looked at. */
const deepest = 64

const isNode = (value: Schema.Json | undefined): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Text that a header can carry as it is, and that is not taken for what it is not. */
const plain = /^(?! )[\x20-\x7e]*(?<! )$/
const wrapped = /^=\?base64\?.*\?=$/

const encode = (text: string): string =>
  plain.test(text) && !wrapped.test(text) ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`

/** The values that have a form in a header. Others, and those that are absent or null, have none. */
const inHeader = (value: Schema.Json | undefined): string | undefined => {
  if (typeof value === "string") return value
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined
  return typeof value === "boolean" ? String(value) : undefined
}

/**
 * The headers that repeat parts of a call's input, by `x-mcp-header` in the tool's schema, as the revision of 2026-07-28 wants
 * them of streamable HTTP (SEP-2243): so that what stands between may route a call without reading its body.
 */
export const parameterHeaders = (schema: Node, input: ToolInput): { readonly [name: string]: string } => {
  const headers: Record<string, string> = {}
  const visit = (schema: Node, input: Node, depth: number): void => {
    const properties = schema["properties"]
    if (!isNode(properties) || depth > deepest) return
    for (const [key, property] of Object.entries(properties)) {
      if (!isNode(property) || !Object.hasOwn(input, key)) continue
      const value = input[key]
      const header = property["x-mcp-header"]
      const text = inHeader(value)
      if (typeof header === "string" && text !== undefined) headers[`Mcp-Param-${header}`] = encode(text)
      if (isNode(value)) visit(property, value, depth + 1)
    }
  }
  visit(schema, input, 0)
  return headers
}
