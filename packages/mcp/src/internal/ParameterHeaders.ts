import { Buffer } from "node:buffer"
import type { ToolInput } from "@parley/domain/McpManager"
import type * as Schema from "effect/Schema"
import { declaredHeaders } from "../HeaderDeclarations.ts"
import { isObject, type JsonObject } from "../Subschemas.ts"

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

const valueAt = (input: ToolInput, path: ReadonlyArray<string>): Schema.Json | undefined =>
  path.reduce<Schema.Json | undefined>(
    (at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    input
  )

/**
 * The headers that repeat parts of a call's input, by `x-mcp-header` in the tool's schema, as the revision of 2026-07-28 wants
 * them of streamable HTTP (SEP-2243): so that what stands between may route a call without reading its body. Inputs need not be
 * bounded, so only what the schema leads to is looked at.
 */
export const parameterHeaders = (schema: JsonObject, input: ToolInput): { readonly [name: string]: string } =>
  Object.fromEntries(
    declaredHeaders(schema).flatMap(({ header, path }) => {
      const text = inHeader(valueAt(input, path))
      return text === undefined ? [] : [[`Mcp-Param-${header}`, encode(text)]]
    })
  )
