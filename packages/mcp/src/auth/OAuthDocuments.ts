import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * Normalises the documents of a login as servers write them: metadata, registrations, tokens. The specifications tell
 * clients to ignore unknown members. Servers write null or an empty string for members that are not set, and omit members
 * that have one usual value.
 */

type Document = { readonly [member: string]: Schema.Json }

const Text = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const decode = Schema.decodeUnknownOption(Text)
const encode = Schema.encodeSync(Text)

const isSet = (value: Schema.Json): boolean => value !== null && value !== ""

/** Removes members that are not set, and such items of lists. */
const withoutUnset = (document: Document): Document =>
  Object.fromEntries(
    Object.entries(document).flatMap(([member, value]) =>
      isSet(value) ? [[member, Array.isArray(value) ? value.filter(isSet) : value]] : []
    )
  )

/** The specifications have scopes as one string; some servers send an array. */
const scopeAsText = ({ scope, ...rest }: Document): Document =>
  scope === undefined ? rest : { ...rest, scope: Array.isArray(scope) ? scope.join(" ") : scope }

/** A token without a type is a bearer token. A lifetime that is not a number is ignored. */
const asTokens = ({ expires_in: lifetime, ...document }: Document): Document => ({
  token_type: "Bearer",
  ...document,
  ...(lifetime !== undefined && Number.isFinite(Number(lifetime)) ? { expires_in: Number(lifetime) } : {})
})

/** A registration response must repeat the requested metadata, as registered. Some servers omit it. */
const asRegistration = (document: Document, asked: string): Document => ({
  ...Option.getOrElse(decode(asked), () => ({})),
  ...document
})

/** An MCP client can use only the authorization code flow. */
const asMetadata = (document: Document): Document => ({ response_types_supported: ["code"], ...document })

/**
 * Brings a server's document into the form of the specifications. `asked` is the body of the request. Text that is not a
 * JSON object is returned unchanged.
 */
export const withStandardFields = (text: string, asked: string): string =>
  Option.match(decode(text), {
    onNone: () => text,
    onSome: (written) => {
      const document = scopeAsText(withoutUnset(written))
      if ("access_token" in document) return encode(asTokens(document))
      if ("client_id" in document) return encode(asRegistration(document, asked))
      return encode("token_endpoint" in document ? asMetadata(document) : document)
    }
  })
