import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { boundJson } from "../text/BoundedJson.ts"

const limits = { depth: 64, nodes: 2_000_000, characters: 64 * 1024 * 1024 }

const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** Whether two JSON values are equal, regardless of the order of keys. */
export const sameJson = (left: Schema.Json, right: Schema.Json): boolean => {
  if (typeof left !== "object" || left === null || typeof right !== "object" || right === null) return left === right
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    return left.every((item: Schema.Json, index) => sameJson(item, right[index] ?? null))
  }
  const entries = Object.entries(left)
  const others = new Map(Object.entries(right))
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => {
      const other = others.get(key)
      return other !== undefined && sameJson(value, other)
    })
  )
}

/** Many servers without structured data wrap their text in an object with one member; this returns that member. */
const within = (value: Schema.Json): Schema.Json | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const [only, ...more] = Object.values(value)
  return more.length === 0 ? only : undefined
}

const saysTheSame = (text: string, value: Schema.Json): boolean => {
  const decoded = decodeJson(text)
  if (Result.isFailure(decoded)) return false
  const bounded = boundJson(decoded.success, limits)
  return bounded !== undefined && sameJson(bounded, value)
}

/**
 * Structured content as JSON text; `undefined` if one of the texts of the same result already has the same value. The
 * protocol asks servers to send it as text as well, for clients that do not support structured content.
 */
export const structuredText = (value: unknown, texts: ReadonlyArray<string>): string | undefined => {
  if (value === undefined) return undefined
  const bounded = boundJson(value, limits)
  const encoded = bounded === undefined ? undefined : Result.getOrUndefined(encodeJson(bounded))
  if (bounded === undefined || encoded === undefined) return "[structured content, too large or too deep to be shown]"
  const wrapped = within(bounded)
  const isRepeated = texts.some(
    (text) =>
      text === encoded ||
      saysTheSame(text, bounded) ||
      (wrapped !== undefined && (text === wrapped || saysTheSame(text, wrapped)))
  )
  return isRepeated || texts.join("\n") === wrapped ? undefined : encoded
}
