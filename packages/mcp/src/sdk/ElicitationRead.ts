import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Field } from "@parley/domain/ElicitationForm"
import type { Elicitation, FromServer } from "@parley/domain/ServerRequests"
import { plainLine } from "@parley/domain/VisibleText"

/**
 * Limits of one server: `questions` while a call runs, `fields` of a form, `options` of a field, and the length of a key.
 * They keep a server from wearing the user down with questions.
 */
export const formLimits = { questions: 20, fields: 30, options: 100, keyCharacters: 100 }

const maybe = <S extends Schema.Top>(schema: S) => Schema.optionalKey(schema)
const Titled = Schema.Struct({ const: Schema.String, title: maybe(Schema.String) }).pipe(Schema.Array)
const Enum = Schema.String.pipe(Schema.Array)
const Property = Schema.Struct({
  type: Schema.Literals(["string", "number", "integer", "boolean", "array"]),
  title: maybe(Schema.String),
  description: maybe(Schema.String),
  minLength: maybe(Schema.Int),
  maxLength: maybe(Schema.Int),
  format: maybe(Schema.String),
  minimum: maybe(Schema.Finite),
  maximum: maybe(Schema.Finite),
  enum: maybe(Enum),
  enumNames: maybe(Enum),
  oneOf: maybe(Titled),
  minItems: maybe(Schema.Int),
  maxItems: maybe(Schema.Int),
  items: maybe(Schema.Struct({ enum: maybe(Enum), anyOf: maybe(Titled), oneOf: maybe(Titled) })),
  default: maybe(Schema.Unknown)
})
type Property = typeof Property.Type

const Params = Schema.Union([
  Schema.Struct({ mode: Schema.Literal("url"), message: Schema.String, url: Schema.String }),
  Schema.Struct({
    mode: maybe(Schema.Literal("form")),
    message: Schema.String,
    requestedSchema: Schema.Struct({
      type: Schema.Literal("object"),
      properties: Schema.Record(Schema.String, Schema.Unknown),
      required: maybe(Enum)
    })
  })
])
const decodeParams = Schema.decodeUnknownOption(Params)
const decodeProperty = Schema.decodeUnknownOption(Property)
const isTexts = Schema.is(Enum)
const isFormat = Schema.is(Schema.Literals(["email", "uri", "date", "date-time"]))

type Options = ReadonlyArray<{ readonly value: string; readonly title: string }>

const titled = (options: typeof Titled.Type): Options =>
  options.map(({ const: value, title }) => ({ value, title: plainLine(title ?? value, 100) }))
const named = (values: ReadonlyArray<string>, names: ReadonlyArray<string> = []): Options =>
  values.map((value, i) => ({ value, title: plainLine(names[i] ?? value, 100) }))

const optionsOf = (property: Property): Options | undefined => {
  const { enum: values, enumNames, items, oneOf } = property
  if (property.type === "string")
    return values !== undefined ? named(values, enumNames) : oneOf === undefined ? undefined : titled(oneOf)
  if (property.type !== "array") return undefined
  const choices = items?.anyOf ?? items?.oneOf
  return items?.enum !== undefined ? named(items.enum) : choices === undefined ? undefined : titled(choices)
}

const fieldOf = (key: string, required: boolean, property: Property): Field | undefined => {
  const { default: own, description, maximum, maxItems, maxLength, minimum, minItems, minLength } = property
  const described = {
    key,
    required,
    title: plainLine(property.title ?? key, 100) || plainLine(key, 100),
    ...(description === undefined ? {} : { description: plainLine(description, 300) })
  }
  const options = optionsOf(property)
  if (options !== undefined && (options.length === 0 || options.length > formLimits.options)) return undefined
  switch (property.type) {
    case "boolean":
      return { _tag: "Flag", ...described, ...(typeof own === "boolean" ? { default: own } : {}) }
    case "integer":
    case "number":
      return {
        _tag: "Number",
        ...described,
        integer: property.type === "integer",
        ...(minimum === undefined ? {} : { minimum }),
        ...(maximum === undefined ? {} : { maximum }),
        ...(typeof own === "number" ? { default: own } : {})
      }
    case "string":
      return options === undefined
        ? {
            _tag: "Text",
            ...described,
            ...(minLength === undefined ? {} : { minLength }),
            ...(maxLength === undefined ? {} : { maxLength }),
            ...(isFormat(property.format) ? { format: property.format } : {}),
            ...(typeof own === "string" ? { default: own } : {})
          }
        : { _tag: "Choice", ...described, options, ...(typeof own === "string" ? { default: own } : {}) }
    case "array":
      return options === undefined
        ? undefined
        : {
            _tag: "Choices",
            ...described,
            options,
            ...(minItems === undefined ? {} : { minItems }),
            ...(maxItems === undefined ? {} : { maxItems }),
            ...(isTexts(own) ? { default: own } : {})
          }
  }
}

/**
 * Parses an address that may be shown to a person and opened: http or https, at most 4,000 characters, without a user name
 * or password, which would only make it look like another address. Its host is ASCII, which excludes lookalike letters.
 * Returns `undefined` for any other address.
 */
export const webAddress = (text: string): URL | undefined => {
  if (text.length > 4000 || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isWeb = url.protocol === "https:" || url.protocol === "http:"
  return isWeb && url.username === "" && url.password === "" ? url : undefined
}

/** Decodes an elicitation. Returns `undefined` if it is not a valid form or address that may be shown to a person. */
export const readElicitation = (from: FromServer, params: unknown): Elicitation | undefined => {
  const decoded = Option.getOrUndefined(decodeParams(params))
  if (decoded === undefined) return undefined
  const message = plainLine(decoded.message, 1000)
  if (decoded.mode === "url") {
    const url = webAddress(decoded.url)
    return url === undefined ? undefined : { _tag: "Url", ...from, message, url: url.href, host: url.host }
  }
  const { properties, required = [] } = decoded.requestedSchema
  const entries = Object.entries(properties)
  if (entries.length > formLimits.fields) return undefined
  const fields = entries.flatMap(([key, value]) => {
    const property = key.length > formLimits.keyCharacters ? undefined : Option.getOrUndefined(decodeProperty(value))
    const field = property === undefined ? undefined : fieldOf(key, required.includes(key), property)
    return field === undefined ? [] : [field]
  })
  return fields.length < entries.length ? undefined : { _tag: "Form", ...from, message, fields }
}
