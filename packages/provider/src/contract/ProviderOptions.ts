import * as Schema from "effect/Schema"

const apiKeyPattern = /^[\x21-\x7e]+$/
export const apiKeyExpected = "a key without spaces or line breaks"
/**
 * Whether a text can be sent as a key in a header.
 *
 * @since 0.1.0
 * @category guards
 */
export const isApiKey = (text: string): boolean => apiKeyPattern.test(text)

const ApiKey = Schema.RedactedFromValue(
  Schema.String.check(Schema.isPattern(apiKeyPattern, { expected: apiKeyExpected })),
  { label: "apiKey" }
)

export const baseUrlExpected = "an http:// or https:// address without a user name or password"
export const isBaseUrl = (text: string): boolean => {
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === "" && url.password === ""
}
export const BaseUrl = Schema.String.check(Schema.makeFilter(isBaseUrl, { expected: baseUrlExpected }))

const HeaderName = Schema.String.check(Schema.isPattern(/^[\w!#$%&'*+.^`|~-]+$/)).annotate({
  expected: "the name of a header"
})
const HeaderValue = Schema.RedactedFromValue(
  Schema.String.check(Schema.isPattern(/^[\t\x20-\x7e]*$/, { expected: "the value of a header" })),
  { label: "header" }
)

/** The options that every provider has. */
export const common = {
  /** What kind of provider this is. Default: its name. */
  type: Schema.optionalKey(Schema.String),
  apiKey: Schema.optionalKey(ApiKey),
  /**
   * A program and its arguments that print the key. It is started without a shell when the key is first needed, and again
   * when the provider refuses the key. It takes precedence over `apiKey`.
   */
  apiKeyCommand: Schema.optionalKey(
    Schema.Array(Schema.String).check(Schema.isMinLength(1, { expected: "a program, and its arguments" }))
  ),
  baseUrl: Schema.optionalKey(BaseUrl),
  /** Additional headers of each request. */
  headers: Schema.optionalKey(Schema.Record(HeaderName, HeaderValue)),
  /** The model to use when only the provider is specified. */
  model: Schema.optionalKey(Schema.NonEmptyString),
  maxOutputTokens: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0, { expected: "a whole number above 0" })))
}
const Common = Schema.Struct(common)

/** The options of one provider, as the user configures them. The options of a kind of provider extend these. */
export type ProviderOptions = typeof Common.Type
