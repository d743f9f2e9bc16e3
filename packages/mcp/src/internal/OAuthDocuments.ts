import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * The documents of a login as servers write them: metadata, registrations, tokens. The specifications tell clients to
 * ignore what they do not know; servers write null or an empty text for what they have not set, and leave out members that
 * have one usual value.
 */

type Document = { readonly [member: string]: Schema.Json }

const Text = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const decode = Schema.decodeUnknownOption(Text)
const encode = Schema.encodeSync(Text)

const isSet = (value: Schema.Json): boolean => value !== null && value !== ""

/** Without what is not set, in lists too. */
const withoutUnset = (document: Document): Document =>
  Object.fromEntries(
    Object.entries(document).flatMap(([member, value]) =>
      isSet(value) ? [[member, Array.isArray(value) ? value.filter(isSet) : value]] : []
    )
  )

/** Lists of scopes are one text in these documents, and a list at some servers. */
const scopeAsText = ({ scope, ...rest }: Document): Document =>
  scope === undefined ? rest : { ...rest, scope: Array.isArray(scope) ? scope.join(" ") : scope }

/** A token without a type is a bearer token. A lifetime that is no number says nothing. */
const asTokens = ({ expires_in: lifetime, ...document }: Document): Document => ({
  token_type: "Bearer",
  ...document,
  ...(lifetime !== undefined && Number.isFinite(Number(lifetime)) ? { expires_in: Number(lifetime) } : {})
})

/** A registration repeats what was asked for where the server has not changed it; not all servers do. */
const asRegistration = (document: Document, asked: string): Document => ({
  ...Option.getOrElse(decode(asked), () => ({})),
  ...document
})

/** The code flow is the one that a client of MCP can use. */
const asMetadata = (document: Document): Document => ({ response_types_supported: ["code"], ...document })

/**
 * A document that a server answered with, as the specifications have it. `asked` is the body of the request. A text that is
 * no JSON object stays as it is.
 */
export const tidied = (text: string, asked: string): string =>
  Option.match(decode(text), {
    onNone: () => text,
    onSome: (written) => {
      const document = scopeAsText(withoutUnset(written))
      if ("access_token" in document) return encode(asTokens(document))
      if ("client_id" in document) return encode(asRegistration(document, asked))
      return encode("token_endpoint" in document ? asMetadata(document) : document)
    }
  })
