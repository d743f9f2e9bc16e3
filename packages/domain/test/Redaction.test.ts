import { assert, describe, it } from "@effect/vitest"
import { redactionInJson, redactionOf } from "../src/Redaction.ts"
import { isSecretName } from "../src/SecretNames.ts"

const secret = 'pass/word "é"'

describe("a secret in a text", () => {
  it("is redacted in every form: unchanged, in addresses, in JSON", () => {
    const redact = redactionOf([secret])
    const forms = [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(secret).replaceAll("%20", "+"),
      encodeURIComponent(secret).toLowerCase(),
      encodeURI(secret),
      encodeURI(secret).replaceAll("/", "~1"),
      JSON.stringify(secret).slice(1, -1)
    ]
    for (const form of forms) assert.strictEqual(redact(`<${form}>`), "<…>", form)
  })

  it("is redacted where the text was cut in the middle of it, and nowhere else", () => {
    const redact = redactionOf(["abcdefghijk"])
    assert.strictEqual(redact("x abcdefgh…"), "x …")
    assert.strictEqual(redact("x abcdefgh [… 3 more]"), "x  [… 3 more]")
    assert.strictEqual(redact("x abcdefgh, abcde…"), "x abcdefgh, abcde…")
  })

  it("is not redacted if it is shorter than ordinary words, unless it is certainly secret", () => {
    assert.strictEqual(redactionOf(["abc", ""])("abc"), "abc")
    const redact = redactionOf(["a$&", ""], { mark: "[$&]", shortest: 1 })
    assert.strictEqual(redact("a$& abc…"), "[$&] abc…")
  })

  it("is redacted in all strings of JSON, and in keys by a rule of their own", () => {
    const redact = redactionOf(["secret-1"])
    const json = { "secret-1": ["a secret-1", 1, null, { x: "secret-1" }] }
    assert.deepStrictEqual(redactionInJson(redact)(json), { "…": ["a …", 1, null, { x: "…" }] })
    assert.deepStrictEqual(redactionInJson(redact, (name) => name)(json), {
      "secret-1": ["a …", 1, null, { x: "…" }]
    })
  })
})

it("a name marks a secret by its words, unless it describes one", () => {
  for (const name of ["API_KEY", "x-api-key", "apiKey", "PASSWORD_DEFAULT", "session"])
    assert.isTrue(isSecretName(name), name)
  for (const name of ["KEY_FILE", "TOKEN_LIMIT", "AUTH_MODE", "MAX_TOKENS", "monkey", "p", ""])
    assert.isFalse(isSecretName(name), name)
})
