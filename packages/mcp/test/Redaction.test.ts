import { assert, it } from "@effect/vitest"
import { redacted } from "../src/auth/LoginSecrets.ts"

it("a secret that begins with another secret is redacted completely, also in addresses", () => {
  const secrets = ["token1", undefined, "token1/second"]
  assert.strictEqual(redacted("a token1/second, a token1%2Fsecond and a token1", secrets), "a …, a … and a …")
  assert.strictEqual(redacted("short: abc", ["abc"]), "short: abc")
})
