import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"

type Sound = (value: Schema.Json) => boolean

const isText: Sound = (value) => typeof value === "string"
const isBoolean: Sound = (value) => typeof value === "boolean"
const isNumber: Sound = (value) => typeof value === "number"
const isCount: Sound = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0
const isList: Sound = (value) => Array.isArray(value)

export const isRegularExpression = (pattern: string): boolean =>
  Result.isSuccess(Result.try(() => new RegExp(pattern, "u")))

const keywords: ReadonlyMap<string, Sound> = new Map([
  ...["title", "description", "$comment", "format", "contentEncoding", "contentMediaType"].map(
    (key) => [key, isText] as const
  ),
  ...["uniqueItems", "deprecated", "readOnly", "writeOnly"].map((key) => [key, isBoolean] as const),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map((key) => [key, isNumber] as const),
  ...[
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains"
  ].map((key) => [key, isCount] as const),
  ["multipleOf", (value: Schema.Json) => typeof value === "number" && value > 0],
  ["pattern", (value: Schema.Json) => typeof value === "string" && isRegularExpression(value)],
  ["examples", isList],
  // An empty `enum` would allow no value, which the server cannot mean.
  ["enum", (value: Schema.Json) => Array.isArray(value) && value.length > 0],
  ...["$anchor", "$dynamicAnchor"].map(
    (key) =>
      [key, (value: Schema.Json) => typeof value === "string" && /^[A-Za-z_][-A-Za-z0-9._]*$/.test(value)] as const
  )
])

/**
 * Whether the value of a keyword that only restricts or describes is valid; true for unknown keywords. If such a keyword is
 * dropped, the model knows less about valid input, but the server still checks the input.
 */
export const isSound = (key: string, value: Schema.Json): boolean => keywords.get(key)?.(value) ?? true

/** Whether the value of a keyword is plain data, whatever it contains. */
export const holdsValues = (key: string): boolean => ["const", "default", "enum", "examples"].includes(key)
