import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { authorize } from "../src/auth/Authorize.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { guarded } from "@parley/harness/AuthorizationServer"
import { quickPerson } from "./oauth/People.ts"
import { context, textOf, withManager } from "./support.ts"

type Members = { readonly [member: string]: unknown }
type Guarded = Effect.Success<typeof guarded>

/** Members that the SDK's validator checks and a login does not need. */
const optional = {
  resource: ["jwks_uri", "scopes_supported", "bearer_methods_supported", "resource_name", "resource_policy_uri"],
  metadata: [
    "scopes_supported",
    "response_modes_supported",
    "grant_types_supported",
    "service_documentation",
    "revocation_endpoint",
    "introspection_endpoint",
    "token_endpoint_auth_methods_supported",
    "client_id_metadata_document_supported",
    "response_types_supported"
  ],
  registration: [
    "client_secret",
    "client_secret_expires_at",
    "client_id_issued_at",
    "client_name",
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "contacts",
    "scope",
    "grant_types",
    "response_types",
    "redirect_uris",
    "token_endpoint_auth_method"
  ],
  tokens: ["id_token", "expires_in", "scope", "refresh_token", "token_type", "issuer"]
} as const

const login = (prepare: (behaviour: Guarded["behaviour"]) => void) =>
  Effect.gen(function* () {
    const here = yield* guarded
    prepare(here.behaviour)
    const store = LoginOptions.inMemory()
    yield* authorize({ server: { url: here.url }, store, person: quickPerson().person })
    const output = yield* withManager({ servers: { s: { url: here.url } }, auth: { store } }, (mcp) =>
      mcp.call("s__look", {}, context)
    )
    assert.strictEqual(textOf(output.content), "done")
  }).pipe(Effect.scoped)

const Unset = Schema.Array(Schema.Literals(["null", "empty", "absent", "as it is"]))
const values: { readonly [word: string]: Members[string] } = { null: null, empty: "", absent: undefined }

/** The n-th member gets the value that the n-th word stands for. */
const members = (names: ReadonlyArray<string>, words: ReadonlyArray<string>): Members =>
  Object.fromEntries(
    names.flatMap((name, n) => {
      const word = words.length === 0 ? "null" : (words[n % words.length] ?? "null")
      return word === "as it is" ? [] : [[name, values[word]]]
    })
  )

describe("the documents of a login", () => {
  it.live.prop(
    "null, an empty string and an absent member are equivalent",
    [Unset, Unset, Unset, Unset],
    ([resource, metadata, registration, tokens]) =>
      login((behaviour) => {
        behaviour.resource = members(optional.resource, resource)
        behaviour.metadata = members(optional.metadata, metadata)
        behaviour.registration = members(optional.registration, registration)
        behaviour.tokens = members(optional.tokens, tokens)
      }),
    { arbitrary: { runs: 40 } }
  )

  const accepted: { readonly [what: string]: (behaviour: Guarded["behaviour"]) => void } = {
    "a list of scopes": (behaviour) => void (behaviour.tokens = { scope: ["tools", "admin"] }),
    "a lifetime as a string": (behaviour) => void (behaviour.tokens = { expires_in: "3600" }),
    "a lifetime that is not a number": (behaviour) => void (behaviour.tokens = { expires_in: "never" }),
    "null in a list": (behaviour) => void (behaviour.metadata = { scopes_supported: [null, "tools"] }),
    "an unknown member": (behaviour) => void (behaviour.tokens = { x: { y: [null] } })
  }
  for (const [what, prepare] of Object.entries(accepted)) it.live(`${what} is accepted`, () => login(prepare))

  const refused: { readonly [what: string]: (behaviour: Guarded["behaviour"]) => void } = {
    "an invalid address": (behaviour) => void (behaviour.metadata = { token_endpoint: "no address" }),
    "a list instead of a string": (behaviour) => void (behaviour.tokens = { access_token: ["x"] }),
    "no token": (behaviour) => void (behaviour.tokens = { access_token: null }),
    "no client": (behaviour) => void (behaviour.registration = { client_id: null })
  }
  for (const [what, prepare] of Object.entries(refused))
    it.live(`${what} is an error in one sentence`, () =>
      Effect.gen(function* () {
        const { message } = yield* Effect.flip(login(prepare))
        assert.notMatch(message, /[{}[\]]|invalid_type|\n/, message)
        assert.match(message, /the server's answer is not what the protocol says: \w+: /)
      })
    )
})
