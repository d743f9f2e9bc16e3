import * as Schema from "effect/Schema"

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

const sorted = (json: Schema.Json): Schema.Json => {
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) return json.map(sorted)
  return Object.fromEntries(
    Object.entries(json)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)])
  )
}

/**
 * The canonical JSON text of a value: equal for values that differ only in key order, different for different values.
 *
 * @since 0.1.0
 * @category functions
 */
export const canonical = (json: Schema.Json): string => encode(sorted(json))
