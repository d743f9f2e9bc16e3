import { Buffer } from "node:buffer"
import type { ToolInput } from "@parley/domain/McpManager"
import type * as Schema from "effect/Schema"
import { declaredHeaders } from "../tools/HeaderDeclarations.ts"
import { isObject, type JsonObject } from "../text/Subschemas.ts"

/** Text that a header can carry unchanged, and below, text that looks like a base64-encoded value. */
const plain = /^(?! )[\x20-\x7e]*(?<! )$/
const wrapped = /^=\?base64\?.*\?=$/

const encode = (text: string): string =>
  plain.test(text) && !wrapped.test(text) ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`

/** The text of a value in a header. Undefined for values that have none, such as null, objects and unsafe integers. */
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
 * The headers that repeat parts of a call's input, as declared by `x-mcp-header` in the tool's schema. The protocol revision
 * 2026-07-28 requires them for streamable HTTP (SEP-2243), so that intermediaries can route a call without reading its body.
 * The size of inputs may be unbounded, so only the values that the schema declares are read.
 */
export const parameterHeaders = (schema: JsonObject, input: ToolInput): { readonly [name: string]: string } =>
  Object.fromEntries(
    declaredHeaders(schema).flatMap(({ header, path }) => {
      const text = inHeader(valueAt(input, path))
      return text === undefined ? [] : [[`Mcp-Param-${header}`, encode(text)]]
    })
  )
