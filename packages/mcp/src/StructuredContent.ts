import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { boundJson } from "./BoundedJson.ts"

const limits = { depth: 64, nodes: 2_000_000, characters: 64 * 1024 * 1024 }

const encodeJson = Schema.encodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** Whether two JSON values say the same. The order of keys says nothing. */
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

/** Many servers put what their text says into an object of one member, for want of anything more structured. */
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
 * Structured content in words, or nothing when one of the texts beside it already is the same value: servers are asked to
 * send it as text too, for clients that do not know it.
 */
export const structuredText = (value: unknown, texts: ReadonlyArray<string>): string | undefined => {
  if (value === undefined) return undefined
  const bounded = boundJson(value, limits)
  const encoded = bounded === undefined ? undefined : Result.getOrUndefined(encodeJson(bounded))
  if (bounded === undefined || encoded === undefined) return "[structured content, too large or too deep to be shown]"
  const wrapped = within(bounded)
  const said = texts.some(
    (text) =>
      text === encoded ||
      saysTheSame(text, bounded) ||
      (wrapped !== undefined && (text === wrapped || saysTheSame(text, wrapped)))
  )
  return said || texts.join("\n") === wrapped ? undefined : encoded
}
