import type * as Schema from "effect/Schema"
import { wellFormed } from "@parley/domain/VisibleText"

export interface JsonLimits {
  readonly depth: number
  /** Total number of objects, arrays and scalar values. */
  readonly nodes: number
  /** Total length of all strings and keys, in UTF-16 code units. */
  readonly characters: number
}

/**
 * A copy of a JSON value whose strings and keys are well-formed, or `undefined` when it is deeper or larger than the
 * limits allow. Recursion goes no deeper than `limits.depth`, so no value can exhaust the stack.
 */
export const boundJson = (value: unknown, limits: JsonLimits): Schema.Json | undefined => {
  const left = { nodes: limits.nodes, characters: limits.characters }

  const take = (text: string): string => {
    left.characters -= text.length
    return left.characters < 0 ? "" : wellFormed(text)
  }

  const copy = (value: unknown, depth: number): Schema.Json => {
    left.nodes -= 1
    if (left.nodes < 0 || left.characters < 0) return null
    if (depth > limits.depth) {
      left.nodes = -1
      return null
    }
    if (typeof value === "string") return take(value)
    if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return value
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1))
    if (typeof value !== "object" || value === null) return null
    // `fromEntries` defines properties, so a key such as `__proto__` stays a plain key.
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[take(key), copy(item, depth + 1)]]))
    )
  }

  const result = copy(value, 0)
  return left.nodes < 0 || left.characters < 0 ? undefined : result
}
