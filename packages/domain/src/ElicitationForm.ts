import * as Schema from "effect/Schema"

const described = {
  key: Schema.String,
  /** The label that a person sees. */
  title: Schema.String,
  description: Schema.optionalKey(Schema.String),
  required: Schema.Boolean
}
const Count = Schema.optionalKey(Schema.Int)
const Options = Schema.Struct({ value: Schema.String, title: Schema.String }).pipe(Schema.Array)

/**
 * One field of a form. Forms are flat: fields do not contain other fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Field = Schema.TaggedUnion({
  Text: {
    ...described,
    minLength: Count,
    maxLength: Count,
    format: Schema.optionalKey(Schema.Literals(["email", "uri", "date", "date-time"])),
    default: Schema.optionalKey(Schema.String)
  },
  Number: {
    ...described,
    integer: Schema.Boolean,
    minimum: Schema.optionalKey(Schema.Finite),
    maximum: Schema.optionalKey(Schema.Finite),
    default: Schema.optionalKey(Schema.Finite)
  },
  Flag: { ...described, default: Schema.optionalKey(Schema.Boolean) },
  Choice: { ...described, options: Options, default: Schema.optionalKey(Schema.String) },
  Choices: {
    ...described,
    options: Options,
    minItems: Count,
    maxItems: Count,
    default: Schema.String.pipe(Schema.Array, Schema.optionalKey)
  }
})
export type Field = typeof Field.Type

/**
 * A person's answer to one field: text, a number, yes or no, or the selected values of a list.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Answer = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.String.pipe(Schema.Array)])
export type Answer = typeof Answer.Type

/**
 * The answers to a form, by the names of its fields. Optional fields may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type Answers = { readonly [key: string]: Answer }

const formats: { readonly [F in "email" | "uri" | "date" | "date-time"]: (text: string) => boolean } = {
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:\S+$/i.test(text),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time": (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d/i.test(text) && !Number.isNaN(Date.parse(text))
}

const problemOfText = (field: Extract<Field, { readonly _tag: "Text" }>, text: string): string | undefined => {
  // Code points, because JSON Schema counts `minLength` and `maxLength` in code points.
  const { length } = Array.from(text)
  if (field.minLength !== undefined && length < field.minLength) return `at least ${field.minLength} characters`
  if (field.maxLength !== undefined && length > field.maxLength) return `at most ${field.maxLength} characters`
  if (field.format === undefined || formats[field.format](text)) return undefined
  return { email: "an e-mail address", uri: "an address", date: "YYYY-MM-DD", "date-time": "YYYY-MM-DDTHH:MM:SSZ" }[
    field.format
  ]
}

const problemOfNumber = (field: Extract<Field, { readonly _tag: "Number" }>, value: number): string | undefined => {
  if (field.integer && !Number.isInteger(value)) return "a whole number"
  if (field.minimum !== undefined && value < field.minimum) return `at least ${field.minimum}`
  if (field.maximum !== undefined && value > field.maximum) return `at most ${field.maximum}`
  return undefined
}

const problemOfChoices = (
  field: Extract<Field, { readonly _tag: "Choices" }>,
  values: ReadonlyArray<string>
): string | undefined => {
  if (values.some((value) => !field.options.some((option) => option.value === value))) return "some of the choices"
  if (field.minItems !== undefined && values.length < field.minItems) return `at least ${field.minItems} of the choices`
  if (field.maxItems !== undefined && values.length > field.maxItems) return `at most ${field.maxItems} of the choices`
  return undefined
}

/**
 * What the field expects, if the answer does not satisfy it; `undefined` if it does.
 *
 * @since 0.1.0
 * @category functions
 */
export const problemOf = (field: Field, answer: Answer): string | undefined => {
  switch (field._tag) {
    case "Text":
      return typeof answer === "string" ? problemOfText(field, answer) : "text"
    case "Number":
      return typeof answer === "number" ? problemOfNumber(field, answer) : "a number"
    case "Flag":
      return typeof answer === "boolean" ? undefined : "yes or no"
    case "Choice":
      return field.options.some(({ value }) => value === answer) ? undefined : "one of the choices"
    case "Choices":
      return Array.isArray(answer) ? problemOfChoices(field, answer) : "some of the choices"
  }
}

/**
 * The answers, completed with the form's defaults. Defaults that do not satisfy their own field are ignored.
 *
 * @since 0.1.0
 * @category functions
 */
export const withDefaults = (fields: ReadonlyArray<Field>, answers: Answers): Answers =>
  Object.fromEntries(
    fields
      .flatMap((field) => {
        if (Object.hasOwn(answers, field.key)) return []
        const { default: own } = field
        return own === undefined || problemOf(field, own) !== undefined ? [] : [[field.key, own] as const]
      })
      .concat(Object.entries(answers))
  )

/**
 * The first problem of a form's answers: a required answer is missing, an answer does not satisfy its field, or the form
 * has no such field. `undefined` if the answers are valid.
 *
 * @since 0.1.0
 * @category functions
 */
export const problemWith = (fields: ReadonlyArray<Field>, answers: Answers): string | undefined => {
  for (const field of fields) {
    const answer = Object.hasOwn(answers, field.key) ? answers[field.key] : undefined
    if (answer === undefined && field.required) return `${field.key} is missing`
    const expected = answer === undefined ? undefined : problemOf(field, answer)
    if (expected !== undefined) return `${field.key}: expected ${expected}`
  }
  const unknown = Object.keys(answers).find((key) => !fields.some((field) => field.key === key))
  return unknown === undefined ? undefined : `${unknown} was not asked for`
}
